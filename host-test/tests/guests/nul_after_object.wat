;; A byte 0 after the first object: the host sees nothing of the second.
(module
  (; allocator ;)
  (data (i32.const 64) "{\"a\":1}\00{\"b\":2}\00")
  (func (export "oom_annotate") (param i32 i32 i32 i32 i32 i32) (result i32)
    (i32.const 64)))
