;; Returns pointer 0, where a byte 0 lies as in any Rust module.
(module
  (; allocator ;)
  (func (export "oom_annotate") (param i32 i32 i32 i32 i32 i32) (result i32)
    (i32.const 0)))
