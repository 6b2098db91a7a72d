(module
  (; allocator ;)
  (func $same (param i32) (result i32) (local.get 0))
  (func (export "oom_annotate") (param i32 i32 i32 i32 i32 i32) (result i32)
    (return_call $same (local.get 4))))
