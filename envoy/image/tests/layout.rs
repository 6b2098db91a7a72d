//! The layout, read back by nothing that wrote it.

use std::fs;
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use serde_json::Value;
use sha2::{Digest, Sha256};

const MODULE: &[u8] = b"\0asm\x01\0\0\0";

fn read(folder: &Path, descriptor: &Value) -> Vec<u8> {
    let digest = descriptor["digest"].as_str().unwrap();
    let name = digest.strip_prefix("sha256:").unwrap();
    let content = fs::read(folder.join("blobs/sha256").join(name)).unwrap();
    assert_eq!(descriptor["size"], content.len());
    assert_eq!(sha256(&content), name);
    content
}

fn sha256(content: &[u8]) -> String {
    let digest = Sha256::digest(content);
    digest
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

fn json(text: &[u8]) -> Value {
    serde_json::from_slice(text).unwrap()
}

#[test]
fn an_image_holds_the_module() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("image");
    let _ = fs::remove_dir_all(&folder);
    let digest = oom_envoy_image::write(MODULE, "0.1.0", &folder).unwrap();
    let again = oom_envoy_image::write(MODULE, "0.1.0", &folder).unwrap();
    assert_eq!(digest, again, "the same module gives the same image");
    assert_eq!(
        fs::read_dir(folder.join("blobs/sha256")).unwrap().count(),
        3
    );

    let layout = json(&fs::read(folder.join("oci-layout")).unwrap());
    assert_eq!(layout["imageLayoutVersion"], "1.0.0");
    let index = json(&fs::read(folder.join("index.json")).unwrap());
    let [descriptor] = index["manifests"].as_array().unwrap().as_slice() else {
        panic!("{index}");
    };
    assert_eq!(descriptor["digest"], *digest);
    assert_eq!(
        descriptor["annotations"]["org.opencontainers.image.ref.name"],
        "0.1.0"
    );

    let manifest = json(&read(&folder, descriptor));
    assert_eq!(manifest["schemaVersion"], 2);
    assert_eq!(
        manifest["annotations"]["module.wasm.image/variant"],
        "compat"
    );
    let config = json(&read(&folder, &manifest["config"]));
    let [layer] = manifest["layers"].as_array().unwrap().as_slice() else {
        panic!("{manifest}");
    };
    assert_eq!(
        layer["mediaType"],
        "application/vnd.oci.image.layer.v1.tar+gzip"
    );
    let mut archive = Vec::new();
    let packed = read(&folder, layer);
    GzDecoder::new(packed.as_slice())
        .read_to_end(&mut archive)
        .unwrap();
    assert_eq!(
        config["rootfs"]["diff_ids"][0],
        format!("sha256:{}", sha256(&archive))
    );
    let mut archive = tar::Archive::new(archive.as_slice());
    let mut files = archive.entries().unwrap();
    let mut file = files.next().unwrap().unwrap();
    assert_eq!(file.path().unwrap(), Path::new("plugin.wasm"));
    let mut module = Vec::new();
    file.read_to_end(&mut module).unwrap();
    assert_eq!(module, MODULE);
    assert!(files.next().is_none());
}
