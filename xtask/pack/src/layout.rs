//! A module in an OCI layout, in the two forms that people need, and a program that runs in Kubernetes.
//!
//! - [`image`]: an image of one layer that holds `plugin.wasm`, for the common processors of Linux. A
//!   kubelet mounts it as a volume; Istio's agent and Envoy Gateway read the file out of it (the "compat"
//!   variant of <https://github.com/solo-io/wasm/blob/master/spec/spec-compat.md>).
//! - [`artifact`]: the layout of the CNCF's working group for WebAssembly, whose layer is the module itself
//!   (<https://tag-runtime.cncf.io/wgs/wasm/deliverables/wasm-oci-artifact/>).
//! - [`program`]: an image with a static program and nothing else.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;
use std::str::FromStr as _;

use oci_spec::OciSpecError;
use oci_spec::image::{
    Arch, Config, ConfigBuilder, Descriptor, HistoryBuilder, ImageConfigurationBuilder,
    ImageIndexBuilder, ImageManifestBuilder, MediaType, OciLayoutBuilder, Os, PlatformBuilder,
    RootFsBuilder, SCHEMA_VERSION, Sha256Digest,
};
use serde::Serialize;
use serde_json::json;

use crate::{CREATED, archive, sha256};

/// The name of the module in an image, where its readers look for it.
const FILE: &str = "plugin.wasm";
/// Says to them that the image is of this kind.
const VARIANT: (&str, &str) = ("module.wasm.image/variant", "compat");
/// The tag of an image in a layout.
const REFERENCE: &str = "org.opencontainers.image.ref.name";

/// What modules are.
const ABOUT: &str = "A WebAssembly filter: kernel OOM-killer lines in, structured records out";
/// What the program is.
const ABOUT_PROGRAM: &str = "OOM kills as Events of Kubernetes, on the pod that was killed in";
/// Nobody's user, as distroless images have it.
const USER: &str = "65532:65532";

/// The processors whose machines find the image. The module is the same for each.
fn processors() -> [Arch; 4] {
    [Arch::Amd64, Arch::ARM64, Arch::PowerPC64le, Arch::s390x]
}

/// What a layout is made of.
#[derive(Clone, Copy, Debug)]
pub struct Module<'a> {
    /// The file's bytes.
    pub content: &'a [u8],
    /// What a registry calls it, such as `oom-envoy`.
    pub title: &'a str,
    /// The tag, which is its version.
    pub tag: &'a str,
}

/// Writes the image of a module into a folder, and gives the digest that its tag stands for: `sha256:` and 64
/// hex digits.
///
/// # Errors
///
/// Where the folder cannot be written.
pub fn image(module: Module<'_>, folder: &Path) -> io::Result<String> {
    let (key, value) = VARIANT;
    let mut annotations = described(module, ABOUT);
    annotations.insert(key.to_owned(), value.to_owned());
    let content = Content {
        file: FILE,
        mode: 0o644,
        config: ConfigBuilder::default().build().map_err(other)?,
        annotations,
    };
    write_image(module, &processors(), &content, folder)
}

/// Writes the image of a static program for Linux on amd64 into a folder, and gives its digest, as [`image`] does. It
/// is run as nobody.
///
/// # Errors
///
/// Where the folder cannot be written.
pub fn program(program: Module<'_>, folder: &Path) -> io::Result<String> {
    let config = ConfigBuilder::default()
        .user(USER)
        .entrypoint([format!("/{}", program.title)])
        .build();
    let content = Content {
        file: program.title,
        mode: 0o755,
        config: config.map_err(other)?,
        annotations: described(program, ABOUT_PROGRAM),
    };
    write_image(program, &[Arch::Amd64], &content, folder)
}

/// What is in an image, and what it says of itself.
struct Content<'a> {
    file: &'a str,
    mode: u32,
    config: Config,
    annotations: HashMap<String, String>,
}

fn write_image(
    module: Module<'_>,
    processors: &[Arch],
    content: &Content<'_>,
    folder: &Path,
) -> io::Result<String> {
    let Content { file, mode, .. } = *content;
    let blobs = Blobs::new(folder)?;
    let tar = archive::of_file(file, module.content, mode)?;
    let layer = blobs.write(MediaType::ImageLayerGzip, &archive::gzip(&tar)?)?;
    let mut manifests = Vec::new();
    for processor in processors {
        let config = ImageConfigurationBuilder::default()
            .created(CREATED)
            .architecture(processor.clone())
            .os(Os::Linux)
            .config(content.config.clone())
            .rootfs(
                RootFsBuilder::default()
                    .typ("layers")
                    .diff_ids([format!("sha256:{}", sha256(&tar))])
                    .build()
                    .map_err(other)?,
            )
            .history([HistoryBuilder::default()
                .created(CREATED)
                .created_by(format!("COPY {file} ./"))
                .build()
                .map_err(other)?])
            .build()
            .map_err(other)?;
        let config = blobs.write(MediaType::ImageConfig, &text(&config)?)?;
        let manifest = ImageManifestBuilder::default()
            .schema_version(SCHEMA_VERSION)
            .media_type(MediaType::ImageManifest)
            .config(config)
            .layers([layer.clone()])
            .annotations(content.annotations.clone())
            .build()
            .map_err(other)?;
        let mut manifest = blobs.write(MediaType::ImageManifest, &text(&manifest)?)?;
        let platform = PlatformBuilder::default()
            .architecture(processor.clone())
            .os(Os::Linux)
            .build();
        manifest.set_platform(Some(platform.map_err(other)?));
        manifests.push(manifest);
    }
    let mut annotations = content.annotations.clone();
    annotations.remove(VARIANT.0);
    let index = ImageIndexBuilder::default()
        .schema_version(SCHEMA_VERSION)
        .media_type(MediaType::ImageIndex)
        .manifests(manifests)
        .annotations(annotations)
        .build()
        .map_err(other)?;
    let index = blobs.write(MediaType::ImageIndex, &text(&index)?)?;
    close(index, module.tag, folder)
}

/// Writes the artifact of a module into a folder, and gives its digest, as [`image`] does.
///
/// # Errors
///
/// Where the folder cannot be written.
pub fn artifact(module: Module<'_>, folder: &Path) -> io::Result<String> {
    let blobs = Blobs::new(folder)?;
    let layer = blobs.write(
        MediaType::Other("application/wasm".to_owned()),
        module.content,
    )?;
    // The specification has no word for a module that is not of WASI: "wasip1" is every module's.
    let config = json!({
        "created": CREATED,
        "architecture": "wasm",
        "os": "wasip1",
        "layerDigests": [layer.digest().to_string()],
    });
    let config = blobs.write(
        MediaType::Other("application/vnd.wasm.config.v0+json".to_owned()),
        &text(&config)?,
    )?;
    let manifest = ImageManifestBuilder::default()
        .schema_version(SCHEMA_VERSION)
        .media_type(MediaType::ImageManifest)
        .config(config)
        .layers([layer])
        .annotations(described(module, ABOUT))
        .build()
        .map_err(other)?;
    let manifest = blobs.write(MediaType::ImageManifest, &text(&manifest)?)?;
    close(manifest, module.tag, folder)
}

/// What a registry shows of it, and Artifact Hub.
fn described(module: Module<'_>, about: &str) -> HashMap<String, String> {
    let repository = env!("CARGO_PKG_REPOSITORY");
    let readme = format!("{repository}/raw/v{}/README.md", module.tag);
    let rows = [
        ("org.opencontainers.image.created", CREATED),
        ("org.opencontainers.image.description", about),
        (
            "org.opencontainers.image.licenses",
            env!("CARGO_PKG_LICENSE"),
        ),
        ("org.opencontainers.image.source", repository),
        ("org.opencontainers.image.title", module.title),
        ("org.opencontainers.image.url", repository),
        ("org.opencontainers.image.version", module.tag),
        ("io.artifacthub.package.license", env!("CARGO_PKG_LICENSE")),
        ("io.artifacthub.package.readme-url", &readme),
    ];
    let rows = rows.map(|(key, value)| (key.to_owned(), value.to_owned()));
    rows.into()
}

/// Where blobs are written.
struct Blobs {
    folder: std::path::PathBuf,
}

impl Blobs {
    fn new(layout: &Path) -> io::Result<Self> {
        let folder = layout.join("blobs/sha256");
        fs::create_dir_all(&folder)?;
        Ok(Self { folder })
    }

    /// Writes one, and describes it.
    fn write(&self, kind: MediaType, content: &[u8]) -> io::Result<Descriptor> {
        let digest = sha256(content);
        fs::write(self.folder.join(&digest), content)?;
        let digest = Sha256Digest::from_str(&digest).map_err(other)?;
        Ok(Descriptor::new(kind, content.len() as u64, digest))
    }
}

/// Writes what makes a folder of blobs a layout with one tag.
fn close(mut tagged: Descriptor, tag: &str, folder: &Path) -> io::Result<String> {
    let digest = tagged.digest().to_string();
    tagged.set_annotations(Some([(REFERENCE.to_owned(), tag.to_owned())].into()));
    let index = ImageIndexBuilder::default()
        .schema_version(SCHEMA_VERSION)
        .media_type(MediaType::ImageIndex)
        .manifests([tagged])
        .build()
        .map_err(other)?;
    fs::write(folder.join("index.json"), text(&index)?)?;
    let layout = OciLayoutBuilder::default()
        .image_layout_version("1.0.0")
        .build()
        .map_err(other)?;
    fs::write(folder.join("oci-layout"), text(&layout)?)?;
    Ok(digest)
}

/// A document with its keys in order: the library keeps annotations in no order.
fn text(document: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut document = serde_json::to_value(document)?;
    document.sort_all_objects();
    Ok(serde_json::to_vec(&document)?)
}

/// What the library refuses, which is nothing that is written here.
fn other(error: OciSpecError) -> io::Error {
    io::Error::other(error)
}
