# What a whole release has beside the packages, used where no source lies. $RELEASE: what is published.

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
sentence="'a' (pid 42) was killed"
log='Out of memory: Killed process 42 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB'

# The npm package, both ways of Node's.
mkdir "$place/npm"
cd "$place/npm"
echo '{"private": true}' > package.json
npm install --offline --no-audit --no-fund --silent "$RELEASE/oom-web-$VERSION.tgz"
tell='console.log(parse(process.argv[1]).kills[0].record.oom.summary)'
node --input-type=module --eval "import { parse } from 'oom-web'; $tell" "$log" | grep -q "$sentence"
node --input-type=commonjs --eval "const { parse } = require('oom-web'); $tell" "$log" | grep -q "$sentence"

# The crates: a program of somebody else's, and ours, from the archives alone.
mkdir -p "$place/crates" "$place/outside/src"
cd "$place/crates"
for crate in "$RELEASE"/*.crate; do tar --extract --file "$crate"; done
cd "$place/outside"
cat > Cargo.toml << END
[package]
name = "outside"
version = "0.0.0"
edition = "2024"
[dependencies]
oom-filter = "$VERSION"
END
# The example of its first page, which asserts what it reads.
sed -n '/^```rust$/,/^```$/p' "$place/crates/oom-filter-$VERSION/README.md" |
    sed '1s/.*/fn main() {/; $s/.*/}/' > src/main.rs
export CARGO_TARGET_DIR="$place/target"
from_archive() {
    # In the place of crates.io.
    "${CARGO:-cargo}" --config "patch.crates-io.oom-filter.path='$place/crates/oom-filter-$VERSION'" \
        --config "patch.crates-io.oom-unpack.path='$place/crates/oom-unpack-$VERSION'" "$@"
}
from_archive run --quiet
cd "$place/crates/oom-vector-$VERSION"
printf '%s\n' "$log" | from_archive run --quiet -- --mode events | grep -q "$sentence"

# Images and artifacts, read and copied as a registry would be given them: what they bring is the module.
if command -v skopeo > /dev/null; then
    for layout in "$RELEASE"/*.oci.tar; do
        title=$(basename "$layout" "-$VERSION.oci.tar")
        copy=$place/copies/$title
        mkdir -p "$copy"
        skopeo copy --insecure-policy --quiet --all "oci-archive:$layout:$VERSION" "dir:$copy"
        module=$RELEASE/${title%-wasm}.wasm
        case $title in
        *-wasm) cmp "$copy/$(sha256sum < "$module" | cut -d ' ' -f 1)" "$module" ;;
        *)
            layer=$(skopeo inspect --format '{{index .Layers 0}}' "oci-archive:$layout:$VERSION")
            tar --extract --gzip --to-stdout --file "$copy/${layer#sha256:}" plugin.wasm | cmp - "$module"
            ;;
        esac
    done
    echo "read by skopeo: images and artifacts, which bring the modules"
else
    echo "SKIPPED images and artifacts are not read: there is no skopeo"
fi

# The bills are what they say, and no licence is missing in them.
for bill in "$RELEASE"/*.cdx.json; do
    node --eval "
        const bill = JSON.parse(require('fs').readFileSync(process.argv[1], 'utf8'));
        const lacking = bill.components.filter(({ licenses }) => !licenses?.length);
        if (bill.bomFormat !== 'CycloneDX' || !bill.components.length || lacking.length) throw process.argv[1];
    " "$bill"
done
echo "used where no source lies: the npm package, the crates, bills of materials"
