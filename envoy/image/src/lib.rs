//! A module of proxy-wasm as an OCI image, in the layout of a folder.
//!
//! The image is of the kind that Istio's agent reads and any builder of container images could have
//! made: one layer, which holds `plugin.wasm`. No daemon is needed, and the same module gives the
//! same image, byte for byte.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::str::FromStr;

use flate2::{Compression, GzBuilder};
use oci_spec::OciSpecError;
use oci_spec::image::{
    Arch, ConfigBuilder, Descriptor, HistoryBuilder, ImageConfigurationBuilder, ImageIndexBuilder,
    ImageManifestBuilder, MediaType, OciLayoutBuilder, Os, RootFsBuilder, SCHEMA_VERSION,
    Sha256Digest,
};
use sha2::{Digest, Sha256};

/// The name of the module in the image, where its readers look for it.
const FILE: &str = "plugin.wasm";
/// Says to them that the image is of this kind.
const VARIANT: (&str, &str) = ("module.wasm.image/variant", "compat");
/// The tag of an image in a layout.
const REFERENCE: &str = "org.opencontainers.image.ref.name";

/// Writes the image of a module into a folder, under a tag, and gives the digest of its manifest:
/// `sha256:` and 64 hex digits.
///
/// # Errors
///
/// Where the folder cannot be written.
pub fn write(module: &[u8], tag: &str, folder: &Path) -> io::Result<String> {
    let blobs = folder.join("blobs/sha256");
    fs::create_dir_all(&blobs)?;
    let tar = archive(module)?;
    let mut gzip = GzBuilder::new()
        .mtime(0)
        .write(Vec::new(), Compression::best());
    gzip.write_all(&tar)?;
    let layer = blob(&blobs, MediaType::ImageLayerGzip, &gzip.finish()?)?;

    let config = ImageConfigurationBuilder::default()
        .architecture(Arch::Wasm)
        .os(Os::Other("wasi".to_owned()))
        .config(ConfigBuilder::default().build().map_err(other)?)
        .rootfs(
            RootFsBuilder::default()
                .typ("layers")
                .diff_ids([format!("sha256:{}", sha256(&tar))])
                .build()
                .map_err(other)?,
        )
        .history([HistoryBuilder::default()
            .created_by(format!("COPY {FILE} ./"))
            .build()
            .map_err(other)?])
        .build()
        .map_err(other)?;
    let config = config.to_string().map_err(other)?;
    let config = blob(&blobs, MediaType::ImageConfig, config.as_bytes())?;

    let (key, value) = VARIANT;
    let manifest = ImageManifestBuilder::default()
        .schema_version(SCHEMA_VERSION)
        .media_type(MediaType::ImageManifest)
        .config(config)
        .layers([layer])
        .annotations([(key.to_owned(), value.to_owned())])
        .build()
        .map_err(other)?;
    let manifest = manifest.to_string().map_err(other)?;
    let mut manifest = blob(&blobs, MediaType::ImageManifest, manifest.as_bytes())?;
    let digest = manifest.digest().to_string();

    manifest.set_annotations(Some([(REFERENCE.to_owned(), tag.to_owned())].into()));
    let index = ImageIndexBuilder::default()
        .schema_version(SCHEMA_VERSION)
        .media_type(MediaType::ImageIndex)
        .manifests([manifest])
        .build()
        .map_err(other)?;
    fs::write(folder.join("index.json"), index.to_string().map_err(other)?)?;
    let layout = OciLayoutBuilder::default()
        .image_layout_version("1.0.0")
        .build()
        .map_err(other)?;
    fs::write(
        folder.join("oci-layout"),
        layout.to_string().map_err(other)?,
    )?;
    Ok(digest)
}

/// The module as the only file of an archive, without a time or an owner.
fn archive(module: &[u8]) -> io::Result<Vec<u8>> {
    let mut header = tar::Header::new_ustar();
    header.set_size(module.len() as u64);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_data(&mut header, FILE, module)?;
    archive.into_inner()
}

/// Writes a blob, and describes it.
fn blob(blobs: &Path, kind: MediaType, content: &[u8]) -> io::Result<Descriptor> {
    let digest = sha256(content);
    fs::write(blobs.join(&digest), content)?;
    let digest = Sha256Digest::from_str(&digest).map_err(other)?;
    Ok(Descriptor::new(kind, content.len() as u64, digest))
}

fn sha256(content: &[u8]) -> String {
    let digest = Sha256::digest(content);
    digest.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What the library refuses, which is nothing that is written here.
fn other(error: OciSpecError) -> io::Error {
    io::Error::other(error)
}
