// Sends the lines of a file over HTTP/2, one by one and without a length: http2.mjs URL FILE.

import { readFileSync } from "node:fs";
import { connect } from "node:http2";

const [url, file] = process.argv.slice(2);
const { origin, pathname } = new URL(url);
const session = connect(origin);
const request = session.request({
  ":method": "POST",
  ":path": pathname,
  "content-type": "application/x-ndjson",
});
request.on("response", (headers) => {
  if (headers[":status"] !== 200) {
    console.error(headers);
    process.exitCode = 1;
  }
});
request.on("end", () => session.close());
request.resume();
for (const line of readFileSync(file, "utf8").split("\n").filter(Boolean)) {
  const isRoom = request.write(JSON.stringify({ log: line }) + "\n");
  if (!isRoom) {
    await new Promise((resolve) => request.once("drain", resolve));
  }
}
request.end();
