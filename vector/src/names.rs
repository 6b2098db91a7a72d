//! Lists the kubelet's log directories.

use std::fs;
use std::ops::ControlFlow;
use std::path::PathBuf;

use oom_filter::{KubeletDir, KubeletDirs};

/// The directory that holds `containers` and `pods`.
#[derive(Debug)]
pub struct Directory(pub PathBuf);

impl KubeletDirs for Directory {
    fn list(&mut self, listing: KubeletDir<'_>, each: &mut dyn FnMut(&[u8]) -> ControlFlow<()>) {
        let mut directory = self.0.join(listing.directory());
        directory.extend(listing.below());
        let Ok(entries) = fs::read_dir(directory) else {
            return;
        };
        for entry in entries {
            // An error here is one of the directory itself: there is no next entry.
            let Ok(entry) = entry else { return };
            if each(entry.file_name().as_encoded_bytes()).is_break() {
                return;
            }
        }
    }
}
