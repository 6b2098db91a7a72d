const { parse } = require("oom-web");

console.log(parse("Out of memory: Killed process 42 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB").kills[0].record.oom.summary);
