//! One cgroup path: what it tells is well formed, and nobody's own directory is a pod.

#![no_main]

use libfuzzer_sys::fuzz_target;
use oom_filter::cgroup::{Level, identify};

fuzz_target!(|path: &[u8]| {
    let identity = identify(path);
    let is_hex = |text: &str| {
        text.bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    if let Some(pod) = &identity.pod {
        assert!(is_hex(&pod.uid.replace('-', "")), "{}", pod.uid);
        let lengths: Vec<usize> = pod.uid.split('-').map(str::len).collect();
        assert!(
            lengths == [32] || lengths == [8, 4, 4, 4, 12],
            "{}",
            pod.uid
        );
        assert!(!path.starts_with(b"/user.slice/"), "a user's own pod");
        assert!(identity.unit.is_none(), "a pod is no unit");
    }
    if let Some(container) = &identity.container {
        assert!(container.id.is_some() || container.runtime.is_some());
        let id = container.id.as_deref().unwrap_or_default();
        assert!(id.is_empty() || id.len() == 64 && is_hex(id), "{id}");
    }
    if let Some(workload) = &identity.workload {
        assert!(!workload.system.is_empty());
        let texts = [&workload.id, &workload.part];
        assert!(texts.into_iter().flatten().all(|text| !text.is_empty()));
    }
    if identity.is_nested {
        assert!(identity.workload.is_some(), "inside of what?");
    }
    match identity.level {
        // No path is the machine's.
        Level::Node => panic!("a path of the whole machine"),
        Level::Pod => assert!(identity.pod.is_some() && identity.container.is_none()),
        Level::Qos | Level::Kubepods => assert!(identity.pod.is_none()),
        Level::Container | Level::Cgroup => {}
    }
    // What lies below a path changes nothing of whose pod it is.
    if let Some(pod) = identity.pod {
        let below = [path.strip_suffix(b"/").unwrap_or(path), b"/x"].concat();
        let below = identify(&below);
        assert_eq!(below.pod, Some(pod));
        assert_eq!(below.workload, identity.workload);
        assert_eq!(below.is_nested, identity.is_nested);
    }
});
