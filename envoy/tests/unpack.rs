//! Packed bodies, fed whole and byte by byte.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use oom_envoy::unpack::{Broken, Packing, Unpacker};

fn gzip(body: &[u8], level: Compression) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), level);
    gzip.write_all(body).unwrap();
    gzip.finish().unwrap()
}

fn zstd(body: &[u8], level: i32, checksum: bool) -> Vec<u8> {
    let mut zstd = zstd::Encoder::new(Vec::new(), level).unwrap();
    zstd.include_checksum(checksum).unwrap();
    zstd.write_all(body).unwrap();
    zstd.finish().unwrap()
}

/// Feeds it in pieces of that size, each of which has to give all that can come of it.
fn unpack(packing: Packing, packed: &[u8], size: usize) -> Result<Vec<u8>, Broken> {
    let mut unpacker = Unpacker::new(packing);
    let mut out = Vec::new();
    for chunk in packed.chunks(size) {
        unpacker.feed(chunk);
        while let Some(piece) = unpacker.next_piece()? {
            assert!(!piece.is_empty());
            out.extend(piece);
        }
    }
    unpacker.finish()?;
    Ok(out)
}

/// Lines that are packed well, others that are not, and bytes of every kind.
fn bodies() -> Vec<Vec<u8>> {
    let mixed = |number: u32| number.wrapping_mul(2_654_435_761).rotate_left(9);
    let line = |number| format!("{{\"log\":\"usb {}: new device\"}}\n", mixed(number));
    let lines: Vec<String> = (0..3000).map(line).collect();
    vec![
        Vec::new(),
        b"a".to_vec(),
        lines.concat().into_bytes(),
        b"usb 1-1: new\n".repeat(30_000),
        (0..100_000)
            .flat_map(|number| mixed(number).to_le_bytes())
            .collect(),
    ]
}

/// Each packing of a body, by name.
fn packed(body: &[u8]) -> Vec<(&'static str, Packing, Vec<u8>)> {
    let mut named = flate2::GzBuilder::new()
        .filename("kern.log")
        .comment("c")
        .extra(vec![1, 2, 3])
        .write(Vec::new(), Compression::fast());
    named.write_all(body).unwrap();
    let (first, second) = body.split_at(body.len() / 2);
    vec![
        ("best", Packing::Gzip, gzip(body, Compression::best())),
        ("stored", Packing::Gzip, gzip(body, Compression::none())),
        ("named", Packing::Gzip, named.finish().unwrap()),
        (
            "members",
            Packing::Gzip,
            [
                gzip(b"", Compression::fast()),
                gzip(first, Compression::fast()),
                gzip(b"", Compression::fast()),
                gzip(second, Compression::best()),
            ]
            .concat(),
        ),
        ("zstd", Packing::Zstd, zstd(body, 3, true)),
        ("without checksum", Packing::Zstd, zstd(body, 19, false)),
        (
            "frames",
            Packing::Zstd,
            [
                zstd(b"", 1, true),
                b"\x5f\x2a\x4d\x18\x05\0\0\0other".to_vec(),
                zstd(first, 1, true),
                zstd(second, 9, false),
                b"\x50\x2a\x4d\x18\0\0\0\0".to_vec(),
            ]
            .concat(),
        ),
        (
            "at once",
            Packing::Zstd,
            zstd::bulk::compress(body, 3).unwrap(),
        ),
    ]
}

#[test]
fn every_packing_is_unpacked() {
    for body in bodies() {
        for (name, packing, packed) in packed(&body) {
            for size in [1, 7, 1000, usize::MAX] {
                let found = unpack(packing, &packed, size);
                assert!(found.as_ref() == Ok(&body), "{name} {} {size}", body.len());
            }
        }
    }
}

/// A body that ends too early is broken wherever it ends, unless it ends between its parts.
#[test]
fn what_is_cut_is_broken() {
    let body = b"{\"log\":\"usb 1-1: new device\"}\n".repeat(20);
    for (name, packing, packed) in packed(&body) {
        let whole_parts = (1..packed.len())
            .filter(|end| unpack(packing, &packed[..*end], usize::MAX).is_ok())
            .count();
        let parts = match name {
            "members" => 3,
            "frames" => 4,
            _ => 0,
        };
        assert_eq!(whole_parts, parts, "{name}");
    }
}

/// Whatever is wrong is found, or makes no difference: gzip's header says when a file was made.
#[test]
fn what_is_wrong_never_comes_out() {
    let body: Vec<u8> = (0..200_u32)
        .flat_map(|number| format!("usb {}\n", number.wrapping_mul(2_654_435_761)).into_bytes())
        .collect();
    for (name, packing, packed) in packed(&body) {
        if name == "without checksum" || name == "frames" || name == "at once" {
            continue;
        }
        for place in 0..packed.len() {
            for bit in [1, 0x10, 0x80] {
                let mut wrong = packed.clone();
                wrong[place] ^= bit;
                if let Ok(found) = unpack(packing, &wrong, usize::MAX) {
                    assert!(found == body, "{name}: byte {place}");
                }
            }
        }
    }
}

/// A window that nobody may ask for, and a bomb of which each piece is small.
#[test]
fn memory_is_bounded() {
    let mut unpacker = Unpacker::new(Packing::Zstd);
    unpacker.feed(b"\x28\xb5\x2f\xfd\0\x70");
    assert_eq!(unpacker.next_piece(), Err(Broken));

    // What is kept for the rest of the body counts, though nothing of it has come out yet.
    let body: Vec<u8> = (0..1_500_000_u32)
        .flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes())
        .collect();
    let mut open = zstd::Encoder::new(Vec::new(), 3).unwrap();
    open.window_log(23).unwrap();
    open.write_all(&body).unwrap();
    open.flush().unwrap();
    let mut unpacker = Unpacker::new(Packing::Zstd);
    unpacker.feed(open.get_ref());
    assert_eq!(unpacker.next_piece(), Ok(None));
    assert!(unpacker.held() > body.len(), "{}", unpacker.held());

    for (packing, packed, largest) in [
        (
            Packing::Gzip,
            gzip(&vec![b' '; 64 << 20], Compression::best()),
            64 << 10,
        ),
        (Packing::Zstd, zstd(&vec![b' '; 64 << 20], 3, true), 3 << 20),
    ] {
        let mut unpacker = Unpacker::new(packing);
        unpacker.feed(&packed);
        let mut length = 0;
        while let Some(piece) = unpacker.next_piece().unwrap() {
            assert!(piece.len() <= largest, "{packing:?} {}", piece.len());
            assert!(unpacker.held() < 6 << 20, "{packing:?} {}", unpacker.held());
            length += piece.len();
        }
        assert_eq!((length, unpacker.finish()), (64 << 20, Ok(())));
        assert_eq!(unpacker.held(), 0);
    }
}
