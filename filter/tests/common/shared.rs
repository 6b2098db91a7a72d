//! Work shared among the processors, for the tests that take longest.

use std::num::NonZero;
use std::sync::Mutex;
use std::thread;

/// What `work` makes of each item, in their order.
pub fn among_processors<T: Send, R: Send>(
    items: impl Iterator<Item = T> + Send,
    work: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let items = Mutex::new(items.enumerate());
    let worker = || {
        let next = || items.lock().expect("no panic").next();
        let made = std::iter::from_fn(next).map(|(number, item)| (number, work(item)));
        made.collect::<Vec<_>>()
    };
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let mut made: Vec<(usize, R)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..processors).map(|_| scope.spawn(worker)).collect();
        let workers = workers.into_iter();
        workers
            .flat_map(|worker| worker.join().expect("no panic"))
            .collect()
    });
    made.sort_by_key(|(number, _)| *number);
    made.into_iter().map(|(_, made)| made).collect()
}
