//! The module's own limits: the stack that it needs, measured with room to spare, and the most
//! memory that one worker's module can ever take of the proxy.

fn main() {
    if std::env::var("CARGO_CFG_TARGET_FAMILY").as_deref() == Ok("wasm") {
        println!("cargo::rustc-link-arg-cdylib=-zstack-size=262144");
        println!("cargo::rustc-link-arg-cdylib=--max-memory=268435456");
    }
    println!("cargo::rerun-if-changed=build.rs");
}
