export const LOG = "usb 1-1: new device\nOut of memory: Killed process 42 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB\n";
