;; A function with one parameter too few, and one that is no function.
(module
  (; allocator ;)
  (global (export "oom_events") i32 (i32.const 0))
  (func (export "oom_annotate") (param i32 i32 i32 i32 i32) (result i32)
    (local.get 4))
  (func (export "oom_rewrite") (param i32 i32 i32 i32 i32 i64) (result i32)
    (local.get 4)))
