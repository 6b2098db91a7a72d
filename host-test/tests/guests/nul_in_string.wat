;; A byte 0 in the middle of the text: what stands before it is no JSON.
(module
  (; allocator ;)
  (data (i32.const 64) "{\"a\":\"x\00y\"}\00")
  (func (export "oom_annotate") (param i32 i32 i32 i32 i32 i32) (result i32)
    (i32.const 64)))
