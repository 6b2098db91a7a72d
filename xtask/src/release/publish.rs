//! What publishes a release: lines of a shell, shown by `--dry-run` and run by `--publish`.

use std::process::Command;

use super::{VERSION, crates, folder, images, kubernetes, repository};
use crate::failure::Failure;
use crate::workspace;

/// A part, and the lines that publish it.
type Part = (&'static str, fn(&Place) -> Vec<String>);

/// The parts, in order.
const PARTS: &[Part] = &[
    ("crates", crates_lines),
    ("npm", npm_lines),
    ("images", image_lines),
    ("chart", chart_lines),
    ("files", file_lines),
];

/// Where to publish.
struct Place {
    /// The registry and the folder in it, such as `ghcr.io/owner`.
    images: String,
}

/// Follows from the address of the repository.
fn place() -> Option<Place> {
    let path = repository().strip_prefix("https://github.com/")?;
    let (owner, _) = path.split_once('/')?;
    let owner = owner.to_lowercase();
    Some(Place {
        images: format!("ghcr.io/{owner}"),
    })
}

/// Prints the lines of every part.
pub(super) fn show() {
    let place = place().unwrap_or_else(|| {
        println!("`repository` in Cargo.toml is no address on GitHub yet; OWNER stands for it.\n");
        Place {
            images: "ghcr.io/OWNER".to_owned(),
        }
    });
    for (name, lines) in PARTS {
        println!("{name}:\n    {}\n", lines(&place).join("\n    "));
    }
}

/// Runs the lines of one part.
pub(super) fn publish(part: &str) -> Result<(), Failure> {
    let names: Vec<&str> = PARTS.iter().map(|(name, _)| *name).collect();
    let Some((_, lines)) = PARTS.iter().find(|(name, _)| *name == part) else {
        return Err(Failure::Usage(format!(
            "there is no part '{part}', but {}",
            names.join(", ")
        )));
    };
    let Some(place) = place() else {
        return Err(Failure::Failed(format!(
            "`repository` in Cargo.toml is {}, which is no address on GitHub",
            repository()
        )));
    };
    for line in lines(&place) {
        eprintln!("    {line}");
        let mut shell: Command = workspace::command("sh");
        workspace::run(shell.args(["-euc", &line]).current_dir(folder()))?;
    }
    Ok(())
}

fn crates_lines(_: &Place) -> Vec<String> {
    let publish = |name: &&str| format!("cargo publish --locked --package {name}");
    crates::CRATES.iter().map(publish).collect()
}

fn npm_lines(_: &Place) -> Vec<String> {
    vec![format!(
        "npm publish --provenance --access public ./oom-web-{VERSION}.tgz"
    )]
}

/// Lets skopeo, helm and cosign in, all of which read this file.
fn login(place: &Place) -> String {
    let (registry, _) = place.images.split_once('/').unwrap_or_default();
    format!(
        "printf %s \"$REGISTRY_TOKEN\" | skopeo login --authfile ~/.docker/config.json \
         --username \"$REGISTRY_USER\" --password-stdin {registry}"
    )
}

fn image_lines(place: &Place) -> Vec<String> {
    let mut lines = vec![login(place)];
    for (file, title) in images::names() {
        let image = format!("{}/{title}", place.images);
        lines.push(format!(
            "skopeo copy --all --digestfile digest oci-archive:{file}:{VERSION} docker://{image}:{VERSION} && \
             cosign sign --yes {image}@$(cat digest) && rm digest"
        ));
    }
    lines
}

fn chart_lines(place: &Place) -> Vec<String> {
    let (chart, charts) = (kubernetes::CHART, format!("{}/charts", place.images));
    let push = format!(
        "helm push {chart}-{VERSION}.tgz oci://{charts} 2>&1 | tee pushed && \
         cosign sign --yes {charts}/{chart}@$(sed -n 's/^Digest: //p' pushed) && rm pushed"
    );
    vec![login(place), push]
}

fn file_lines(_: &Place) -> Vec<String> {
    vec![
        // One signature over the sums is one over every file. The bundle is of the form that every verifier
        // reads since cosign 3; signature and certificate apart are for older ones.
        "cosign sign-blob --yes --new-bundle-format --bundle SHA256SUMS.sigstore.json SHA256SUMS"
            .to_owned(),
        "cosign sign-blob --yes --new-bundle-format=false --bundle SHA256SUMS.bundle SHA256SUMS"
            .to_owned(),
        "for bill in *.cdx.json; do cosign sign-blob --yes --new-bundle-format --bundle $bill.sigstore.json $bill; done"
            .to_owned(),
        format!("gh release create v{VERSION} --verify-tag --title {VERSION} --notes-file ../../CHANGELOG.md *"),
    ]
}
