//! Layouts and archives, read back by nothing that wrote them.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use oom_pack::archive;
use oom_pack::layout::{self, Module};
use serde_json::Value;
use sha2::{Digest, Sha256};

const MODULE: Module<'static> = Module {
    content: b"\0asm\x01\0\0\0",
    title: "oom-envoy",
    tag: "0.1.0",
};

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

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    folder
}

/// Writes the layout twice, and reads what its tag stands for.
fn written(name: &str, form: fn(Module<'_>, &Path) -> std::io::Result<String>) -> (PathBuf, Value) {
    let folder = folder(name);
    let digest = form(MODULE, &folder).unwrap();
    let blobs = || fs::read_dir(folder.join("blobs/sha256")).unwrap().count();
    let count = blobs();
    assert_eq!(digest, form(MODULE, &folder).unwrap());
    assert_eq!(count, blobs(), "the same module gives the same layout");
    let layout = json(&fs::read(folder.join("oci-layout")).unwrap());
    assert_eq!(layout["imageLayoutVersion"], "1.0.0");
    let index = json(&fs::read(folder.join("index.json")).unwrap());
    let [descriptor] = index["manifests"].as_array().unwrap().as_slice() else {
        panic!("{index}");
    };
    assert_eq!(descriptor["digest"], *digest);
    let tag = &descriptor["annotations"]["org.opencontainers.image.ref.name"];
    assert_eq!(tag, "0.1.0");
    let content = json(&read(&folder, descriptor));
    (folder, content)
}

#[test]
fn an_image_holds_the_module_for_every_processor() {
    let (folder, index) = written("image", layout::image);
    let manifests = index["manifests"].as_array().unwrap();
    let processors: Vec<_> = manifests
        .iter()
        .map(|manifest| manifest["platform"]["architecture"].as_str().unwrap())
        .collect();
    assert_eq!(processors, ["amd64", "arm64", "ppc64le", "s390x"]);
    for descriptor in manifests {
        let manifest = json(&read(&folder, descriptor));
        assert_eq!(manifest["schemaVersion"], 2);
        let variant = &manifest["annotations"]["module.wasm.image/variant"];
        assert_eq!(variant, "compat");
        let config = json(&read(&folder, &manifest["config"]));
        assert_eq!(config["os"], "linux");
        assert_eq!(
            config["architecture"],
            descriptor["platform"]["architecture"]
        );
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
        assert_eq!(
            files(&archive),
            [("plugin.wasm".to_owned(), 0o644, MODULE.content.to_vec())]
        );
    }
}

#[test]
fn a_program_is_run_as_nobody() {
    let (folder, index) = written("program", layout::program);
    let [descriptor] = index["manifests"].as_array().unwrap().as_slice() else {
        panic!("{index}");
    };
    let manifest = json(&read(&folder, descriptor));
    let config = json(&read(&folder, &manifest["config"]));
    assert_eq!(config["architecture"], "amd64");
    assert_eq!(config["config"]["User"], "65532:65532");
    assert_eq!(config["config"]["Entrypoint"][0], "/oom-envoy");
    let mut archive = Vec::new();
    let packed = read(&folder, &manifest["layers"][0]);
    GzDecoder::new(packed.as_slice())
        .read_to_end(&mut archive)
        .unwrap();
    let file = ("oom-envoy".to_owned(), 0o755, MODULE.content.to_vec());
    assert_eq!(files(&archive), [file]);
}

#[test]
fn an_artifact_is_of_the_layout_for_webassembly() {
    let (folder, manifest) = written("artifact", layout::artifact);
    assert_eq!(
        manifest["config"]["mediaType"],
        "application/vnd.wasm.config.v0+json"
    );
    let [layer] = manifest["layers"].as_array().unwrap().as_slice() else {
        panic!("{manifest}");
    };
    assert_eq!(layer["mediaType"], "application/wasm");
    assert_eq!(read(&folder, layer), MODULE.content);
    let config = json(&read(&folder, &manifest["config"]));
    assert_eq!(config["architecture"], "wasm");
    assert_eq!(config["os"], "wasip1");
    assert_eq!(config["layerDigests"][0], layer["digest"]);
}

#[test]
fn an_archive_tells_nothing_of_the_machine() {
    let folder = folder("archive");
    let program = folder.join("b/program");
    fs::create_dir_all(folder.join("b")).unwrap();
    fs::write(&program, "1").unwrap();
    fs::write(folder.join("a"), "2").unwrap();
    let mut mode = fs::metadata(&program).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut mode, 0o700);
    fs::set_permissions(&program, mode).unwrap();
    let archive = archive::of_folder(&folder, "x-1").unwrap();
    assert_eq!(
        files(&archive),
        [
            ("x-1/a".to_owned(), 0o644, b"2".to_vec()),
            ("x-1/b/program".to_owned(), 0o755, b"1".to_vec()),
        ]
    );
    let mut again = tar::Archive::new(archive.as_slice());
    for file in again.entries().unwrap() {
        let file = file.unwrap();
        assert_eq!(file.header().mtime().unwrap(), oom_pack::TIME);
        assert_eq!(file.header().uid().unwrap(), 0);
    }
}

/// Name, mode and content of each.
fn files(archive: &[u8]) -> Vec<(String, u32, Vec<u8>)> {
    let mut archive = tar::Archive::new(archive);
    let read = |file: std::io::Result<tar::Entry<'_, &[u8]>>| {
        let mut file = file.unwrap();
        let name = file.path().unwrap().display().to_string();
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        (name, file.header().mode().unwrap(), content)
    };
    archive.entries().unwrap().map(read).collect()
}
