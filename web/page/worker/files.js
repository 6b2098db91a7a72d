// What a file is, told by how it begins, and its bytes as the reader takes them: unpacked, in UTF-8.
"use strict";

/** Files that hold no text, or that not every browser unpacks, by how they begin, with the command that does; `at` where that is not the start. */
const KINDS = [
  { begins: [0x28, 0xb5, 0x2f, 0xfd], packing: "zstd", by: "zstd -d" },
  { begins: [0xfd, 0x37, 0x7a, 0x58, 0x5a], packing: "xz", by: "xz -d" },
  { begins: [0x42, 0x5a, 0x68], packing: "bzip2", by: "bzip2 -d" },
  { begins: [0x04, 0x22, 0x4d, 0x18], packing: "lz4", by: "lz4 -d" },
  { begins: [0x50, 0x4b, 0x03, 0x04], is: "a zip archive. Unpack it, and drop the log inside." },
  { begins: [0x75, 0x73, 0x74, 0x61, 0x72], at: 257, is: "a tar archive. Unpack it, and drop the log inside." },
  { begins: [0x89, 0x50, 0x4e, 0x47], is: "an image. This page reads text: copy the log as text." },
  { begins: [0xff, 0xd8, 0xff], is: "an image. This page reads text: copy the log as text." },
  { begins: [0x47, 0x49, 0x46, 0x38], is: "an image. This page reads text: copy the log as text." },
  { begins: [0x25, 0x50, 0x44, 0x46], is: "a PDF. This page reads text: copy the log as text." },
  { begins: [0x4c, 0x50, 0x4b, 0x53, 0x48, 0x48, 0x52, 0x48], is: "the journal's own file. Write it as text: journalctl --file FILE -k." },
  { begins: [0x7f, 0x45, 0x4c, 0x46], is: "a program. This page reads logs." },
];
/** As much of a file as is looked at. */
const LOOKED_AT = 512;

const beginsWith = (bytes, begins, at = 0) => begins.every((byte, index) => bytes[at + index] === byte);

/**
 * The bytes of a file as a log, as an iterable of chunks. `progress` counts those of the file itself. Throws where the
 * file is something else, saying what.
 */
async function bytesOf(blob, progress) {
  if (blob.size === 0) throw new Error("is empty.");
  const start = new Uint8Array(await blob.slice(0, LOOKED_AT).arrayBuffer());
  if (beginsWith(start, [0x1f, 0x8b])) return decoded(members(blob, progress));
  const kind = KINDS.find(({ begins, at }) => beginsWith(start, begins, at));
  if (kind?.is) throw new Error(`is ${kind.is}`);
  if (kind) return decoded(unpackedBy(kind, blob, progress));
  return decoded(chunksOf(counted(blob, progress)));
}

function counted(blob, progress) {
  return blob.stream().pipeThrough(new TransformStream({
    transform(chunk, controller) {
      progress.bytes += chunk.length;
      controller.enqueue(chunk);
    },
  }));
}

async function* chunksOf(stream) {
  const chunks = stream.getReader();
  try {
    for (let chunk; !(chunk = await chunks.read()).done; ) yield chunk.value;
  } finally {
    chunks.cancel().catch(() => {});
  }
}

/** What some browsers unpack by themselves. */
function unpackedBy({ packing, by }, blob, progress) {
  let unpacker;
  try {
    unpacker = new DecompressionStream(packing);
  } catch {
    throw new Error(`is packed with ${packing}, which this browser cannot unpack. Unpack it with “${by}”, and drop what comes out.`);
  }
  return chunksOf(counted(blob, progress).pipeThrough(unpacker));
}

/** The members of a gzip file, one behind the other, as `cat a.gz b.gz` and log shippers join them. */
async function* members(blob, progress) {
  const starts = await memberStarts(blob);
  for (const [index, start] of starts.entries()) {
    yield* member(counted(blob.slice(start, starts[index + 1]), progress), new DecompressionStream("gzip"));
  }
}

/** Where members begin: DecompressionStream refuses what stands behind the first. */
async function memberStarts(blob) {
  const starts = [];
  let offset = 0;
  // A header may lie across two chunks.
  let before = new Uint8Array(0);
  for await (const chunk of chunksOf(blob.stream())) {
    const bytes = new Uint8Array(before.length + chunk.length);
    bytes.set(before);
    bytes.set(chunk, before.length);
    for (let at = -1; (at = bytes.indexOf(0x1f, at + 1)) >= 0 && at + 10 <= bytes.length; ) {
      if (isMemberHeader(bytes, at)) starts.push(offset + at);
    }
    before = bytes.slice(-9);
    offset += bytes.length - before.length;
  }
  return starts;
}

/** Ten bytes that packed data hold by chance once in some thousand terabytes. */
function isMemberHeader(bytes, at) {
  return beginsWith(bytes, [0x1f, 0x8b, 8], at) && bytes[at + 3] < 0x20
    && [0, 2, 4].includes(bytes[at + 8]) && (bytes[at + 9] <= 13 || bytes[at + 9] === 255);
}

/** One member. Where it is cut, all that it gave comes first, and then the error. */
async function* member(packed, unpacker) {
  const writer = unpacker.writable.getWriter();
  const reader = unpacker.readable.getReader();
  let isWritten = false;
  let failure;
  const writing = (async () => {
    try {
      for await (const chunk of chunksOf(packed)) await writer.write(chunk);
    } catch (error) {
      failure = error;
    }
    isWritten = true;
  })();
  let next = reader.read();
  for (;;) {
    const given = await Promise.race([next, idle(writing)]).catch((error) => ({ error }));
    if (given === undefined) {
      // All is written, and nothing more comes out: an error at the end loses nothing now.
      if (!isWritten || failure) break;
      writer.close().catch(() => {});
      const last = await next.catch(() => ({ isCut: true }));
      if (last.isCut) break;
      if (last.done) return;
      yield last.value;
      next = reader.read();
      continue;
    }
    if (given.error) break;
    if (given.done) return;
    yield given.value;
    next = reader.read();
  }
  throw new Error("is cut or damaged: what could be unpacked was read.");
}

/** Once all is written, and a turn of the loop has brought nothing out. */
async function idle(writing) {
  await writing;
  await new Promise((resolve) => setTimeout(resolve));
}

/** UTF-16, which Windows writes, as UTF-8; nothing else changes. Throws for what holds no text. */
async function* decoded(chunks) {
  let decoder;
  let isFirst = true;
  for await (const chunk of chunks) {
    if (isFirst) {
      isFirst = false;
      const encoding = utf16Of(chunk);
      if (encoding) decoder = new TextDecoder(encoding);
      else if (chunk.subarray(0, LOOKED_AT).filter((byte) => byte === 0).length > 8) {
        throw new Error("holds no text: it is binary.");
      }
    }
    yield decoder ? new TextEncoder().encode(decoder.decode(chunk, { stream: true })) : chunk;
  }
}

/** The kind of UTF-16 by its mark, or by the zeros that every letter of English has there. */
function utf16Of(bytes) {
  if (beginsWith(bytes, [0xff, 0xfe])) return "utf-16le";
  if (beginsWith(bytes, [0xfe, 0xff])) return "utf-16be";
  const start = bytes.subarray(0, LOOKED_AT & ~1);
  if (start.length < 16) return undefined;
  const zeros = [0, 0];
  for (const [index, byte] of start.entries()) zeros[index & 1] += byte === 0 ? 1 : 0;
  const most = start.length / 2;
  if (zeros[1] > most * 0.8 && zeros[0] === 0) return "utf-16le";
  return zeros[0] > most * 0.8 && zeros[1] === 0 ? "utf-16be" : undefined;
}
