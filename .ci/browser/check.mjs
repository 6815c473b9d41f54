// Opens the HTML report in headless Chromium: it renders, its filters and zoom work, nothing of a hostile transcript
// runs, nothing is requested, nothing is complained of, and a fleet of 5,000 sessions opens in time.
//
//   npm ci --ignore-scripts
//   node check.mjs CLAWFIX FLEET CORPUS [SHOTS]
//
// CLAWFIX and FLEET are the built program and the built example, CORPUS is testdata/corpus, SHOTS a folder for screenshots.
// The browser comes unpacked from the npm package @sparticuz/chromium (Linux, x64 or arm64); it needs libnss3 and libexpat1
// of the system. Another one is taken from the environment variable CHROMIUM.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [clawfix, fleet, corpus, shots] = process.argv.slice(2).map((path) => resolve(path));
assert(corpus, "usage: node check.mjs CLAWFIX FLEET CORPUS [SHOTS]");
const work = mkdtempSync(join(tmpdir(), "clawfix-browser-"));
// The package unpacks into the temporary folder and trusts what it finds there, so it gets one of its own.
process.env.TMPDIR = work;
const { default: puppeteer } = await import("puppeteer-core");
const executablePath = process.env.CHROMIUM ?? (await (await import("@sparticuz/chromium")).default.executablePath());

/** Limits of a fleet of 5,000 sessions. */
const MOST_BYTES = 5_000_000;
const MOST_MS = 2_000;

const scan = (name, folder, ...options) => {
  const file = join(work, `${name}.html`);
  const run = (format, output) => {
    try {
      return execFileSync(clawfix, ["scan", folder, "--quiet", "--format", format, ...output, ...options], { encoding: "utf8", maxBuffer: 1 << 28 });
    } catch (error) {
      // Findings are exit code 1, things that could not be read 2; both come with a report.
      if (error.status === 1 || error.status === 2) return error.stdout;
      throw error;
    }
  };
  run("html", ["-o", file]);
  return { file, json: JSON.parse(run("json", [])) };
};

/** Opens a report and gives what it did on the way. */
const open = async (browser, file, { width = 1280, height = 1000, dark = false, script = true } = {}) => {
  const page = await browser.newPage();
  const seen = { requests: [], complaints: [] };
  const own = pathToFileURL(file).href;
  page.on("request", (request) => request.url() !== own && seen.requests.push(request.url()));
  page.on("console", (message) => seen.complaints.push(`console ${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => seen.complaints.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => { seen.complaints.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  await page.setJavaScriptEnabled(script);
  await page.setViewport({ width, height });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }]);
  const start = performance.now();
  await page.goto(own, { waitUntil: "load" });
  // Not before something is on the screen.
  if (script) await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  seen.ms = performance.now() - start;
  return { page, seen };
};

const quiet = (seen, what) => {
  assert.deepEqual(seen.requests, [], `${what}: nothing is requested`);
  assert.deepEqual(seen.complaints, [], `${what}: nothing is complained of`);
};

const shot = async (page, name, fullPage = false) => {
  if (!shots) return;
  mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: join(shots, `${name}.png`), fullPage });
};

const visible = (page, selector) =>
  page.$$eval(selector, (list) => list.filter((element) => !element.hidden && !element.closest("[hidden]")).length);
const count = (page, name) => page.$eval(`[data-count="${name}"]`, (element) => Number(element.textContent.replaceAll(",", "")));

/** What the page counts is what JSON counts. */
const agrees = async (page, { summary, findings, conversations }) => {
  assert.equal(await count(page, "splits"), summary.splits);
  for (const severity of ["error", "warning", "info"]) assert.equal(await count(page, severity), summary.findings[severity]);
  for (const name of ["conversations", "transcripts", "archives", "entries"]) assert.equal(await count(page, name), summary[name]);
  assert.equal(await count(page, "findings"), findings.length);
  const torn = conversations.filter((held) => held.seams.some((seam) => seam.kind === "split")).length;
  if (torn > 0) assert.equal(await count(page, "torn"), torn);
};

const filters = async (page, json) => {
  const rows = () => visible(page, ".findings > li");
  assert.equal(await rows(), json.findings.length, "all findings are there");
  for (const rule of new Set(json.findings.map((finding) => finding.rule))) {
    await page.select('[data-by="rule"]', rule);
    assert.equal(await rows(), json.findings.filter((finding) => finding.rule === rule).length, rule);
  }
  await page.select('[data-by="rule"]', "");
  for (const severity of new Set(json.findings.map((finding) => finding.severity))) {
    const box = `[data-by="severity"][value="${severity}"]`;
    await page.click(box);
    const rest = json.findings.filter((finding) => finding.severity !== severity).length;
    assert.equal(await rows(), rest, `without ${severity}`);
    const text = await page.$eval('[data-filter="findings"] output', (output) => output.textContent);
    assert.equal(text, `${rest} of ${json.findings.length} shown`);
    await page.click(box);
  }
  const agents = await page.$$eval('[data-by="agent"] option', (list) => list.map((option) => option.value).filter(Boolean));
  let sum = 0;
  for (const agent of agents) {
    await page.select('[data-by="agent"]', agent);
    const left = await rows();
    assert(left > 0 && left <= json.findings.length);
    sum += left;
  }
  assert.equal(sum, json.findings.length, "every finding belongs to one agent");
  await page.select('[data-by="agent"]', "");
};

const words = async (page, word, expected) => {
  await page.click('[data-filter="cards"] input', { clickCount: 3 });
  await page.type('[data-filter="cards"] input', word);
  assert.equal(await visible(page, "article.card"), expected, word);
  await page.click('[data-filter="cards"] input', { clickCount: 3 });
  await page.keyboard.press("Backspace");
};

const zoom = async (page) => {
  const figure = await page.$("figure");
  await figure.scrollIntoView();
  const transform = () => page.$eval("figure .zoom", (group) => group.getAttribute("transform") ?? "");
  await page.waitForSelector("figure .zoom-buttons");
  await page.click('figure [aria-label="Zoom in"]');
  assert.match(await transform(), /^scale\(2 1\)/);
  await page.click('figure [aria-label="Show the whole timeline"]');
  assert.match(await transform(), /^scale\(1 1\)/);
  const cut = await page.$eval("figure .cut .line", (line) => {
    const box = line.getBoundingClientRect();
    return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  });
  await page.mouse.move(cut.x, cut.y);
  assert.match(await page.$eval("figure .read", (line) => line.textContent), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}· {2}torn: /);
};

/** A copy of a corpus folder in which everything that a report shows tries to be markup. */
const hostile = () => {
  const attack = (n) => `"'><script>pwned(${n})</script><img src=x onerror=pwned(${n})><svg onload=pwned(${n})>]]>\u202e\0\`${"${pwned()}"}`;
  const name = (n) => `"'><img src=x onerror=pwned(${n})><svg onload=pwned(${n})>]]>\u202e`;
  const root = join(work, `hostile ${name(1)}`);
  cpSync(join(corpus, "2026.1.24-3-race"), root, { recursive: true });
  const agents = join(root, "home/jay/.clawdbot/agents");
  renameSync(join(agents, "main"), join(agents, name(2)));
  const sessions = join(agents, name(2), "sessions");
  const live = "f1da57ca-e0dd-41ea-8333-461583458835";
  for (const file of readdirSync(sessions).filter((file) => file.endsWith(".jsonl"))) {
    const lines = readFileSync(join(sessions, file), "utf8").trimEnd().split("\n").map((line) => JSON.parse(line));
    for (const line of lines) {
      if (line.type === "session") line.cwd = attack(3);
      if (line.type === "message" && line.message.role === "user") {
        const block = line.message.content[0];
        block.text = block.text.replace("/media/inbound/", `/media/${name(4)}/`).replace("Jay (@jay)", "Jay <script>pwned(5)</script><img src=x onerror=pwned(5)>");
      }
      if (line.message?.toolName) line.message.toolName = attack(6);
      if (line.id && line.type !== "session") line.id += name(7);
      if (line.parentId) line.parentId += name(7);
    }
    writeFileSync(join(sessions, file), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  }
  const broken = join(sessions, `${name(8)}.jsonl`);
  writeFileSync(broken, `{"type":"session","id":${JSON.stringify(attack(9))},"timestamp":"2026-01-01T00:00:00.000Z"}\n\0\0\n{"type":"<script>pwned(10)</script>\n`);
  const store = JSON.parse(readFileSync(join(sessions, "sessions.json"), "utf8"));
  const entry = store["agent:main:main"];
  writeFileSync(join(sessions, "sessions.json"), JSON.stringify({ [`agent:main:${attack(11)}`]: { ...entry, sessionId: live, chatType: attack(12) } }));
  // An E2 block names a chat of any spelling.
  const group = join(sessions, `${name(13)}-2.jsonl`);
  const info = { chat_id: `telegram:${attack(14)}`, conversation_label: attack(15), group_subject: attack(16), topic_id: attack(17), is_group_chat: true, message_id: "7" };
  const text = `Conversation info (untrusted metadata):\n\`\`\`json\n${JSON.stringify(info)}\n\`\`\`\n\nhello`;
  writeFileSync(group, [
    { type: "session", version: 3, id: attack(18), timestamp: "2026-11-22T08:00:00.000Z", cwd: "/x" },
    { type: "message", id: "00000001", parentId: null, timestamp: "2026-11-22T08:00:01.000Z", message: { role: "user", content: text } },
  ].map((line) => `${JSON.stringify(line)}\n`).join(""));
  return root;
};

const browser = await puppeteer.launch({ executablePath, headless: "shell", args: ["--no-sandbox", "--disable-gpu", "--font-render-hinting=none"] });
try {
  console.log(`browser: ${await browser.version()}`);
  {
    const { file, json } = scan("corpus", corpus);
    const { page, seen } = await open(browser, file);
    await agrees(page, json);
    assert.equal(await page.$$eval(".findings button", (list) => list.length), 0, "what is folded has no buttons yet");
    await filters(page, json);
    await words(page, "heartbeat race", await visible(page, "article.card"));
    await words(page, "no such conversation", 0);
    await zoom(page);
    await page.$eval("#findings", (element) => element.scrollIntoView());
    await page.$$eval("details.rule", (list) => { list[0].open = true; });
    await page.waitForSelector(".findings button");
    await shot(page, "findings");
    quiet(seen, "corpus");
    await page.close();
    console.log("corpus: counts agree with JSON; filters and zoom work");
  }
  {
    const folder = join(corpus, "2026.1.24-3-tseed");
    const { file } = scan("founding", folder);
    for (const [name, options] of [["light", {}], ["dark", { dark: true }], ["phone", { width: 390, height: 844 }], ["narrow", { width: 320, height: 700 }], ["no-script", { script: false }]]) {
      const { page, seen } = await open(browser, file, options);
      const wide = await page.$eval("html", (html) => html.scrollWidth);
      assert(wide <= (options.width ?? 1280), `${name}: fits the screen, ${wide}`);
      await shot(page, name, true);
      if (name === "no-script") {
        assert.equal(await visible(page, ".controls"), 0, "no dead control");
        assert(await page.$eval("article.card .cmd", (box) => box.checkVisibility() && box.textContent.includes("clawfix merge")));
      }
      if (name === "light") {
        await page.emulateMediaType("print");
        await page.setViewport({ width: 760, height: 1100 });
        await shot(page, "print", true);
        const paper = await page.pdf({ format: "A4" });
        assert(paper.length > 10_000, "it prints");
      }
      quiet(seen, name);
      await page.close();
    }
    console.log("founding case: light, dark, phone, print and without script");
  }
  {
    const { file, json } = scan("hostile", hostile(), "--all");
    assert(json.summary.splits > 0 && json.findings.length > 1, `the hostile folder has things to show: ${JSON.stringify(json.summary)}`);
    const { page, seen } = await open(browser, file);
    await page.$$eval("details", (list) => { for (const element of list) element.open = true; });
    await agrees(page, json);
    assert.equal(await page.$$eval("script, style", (list) => list.length), 2);
    assert.equal(await page.$$eval("img, iframe, object, embed, link, base, form, foreignObject", (list) => list.length), 0);
    const acting = await page.$$eval("*", (list) => list.flatMap((element) => element.getAttributeNames()).filter((name) => /^on|^style$|^src|^xlink/.test(name)));
    assert.deepEqual(acting, []);
    const hrefs = await page.$$eval("[href]", (list) => list.map((element) => element.getAttribute("href")));
    assert(hrefs.every((href) => /^#[a-z0-9-]+$/.test(href)), "links stay in the page");
    const text = await page.$eval("body", (body) => body.textContent);
    assert(text.includes("<img src=x onerror=pwned(2)>"), "the attack is shown as what it is");
    assert(text.includes("\\u{202e}") && !text.includes("\u202e"), "what turns text around is shown");
    assert.equal(await page.evaluate(() => typeof pwned), "undefined");
    await shot(page, "hostile", true);
    quiet(seen, "hostile");
    // The policy is the second wall: should an escape ever be forgotten, the browser still refuses.
    const refused = await page.evaluate(() => {
      const tries = [
        () => { document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='window.ran = 1'>"); },
        () => { const script = document.createElement("script"); script.textContent = "window.ran = 1"; document.body.append(script); },
        () => { document.body.setAttribute("onclick", "window.ran = 1"); document.body.click(); },
      ];
      for (const attempt of tries) { try { attempt(); } catch { /* refused */ } }
      return window.ran === undefined;
    });
    assert(refused, "the policy holds");
    await page.close();
    console.log("hostile: nothing runs, and the policy would not let it");
  }
  {
    // A fleet as fleets are, and one in which every session is torn or damaged.
    for (const [name, splits, damages] of [["fleet", 100, 400], ["ruin", 2500, 10000]]) {
      const folder = join(work, name);
      execFileSync(fleet, [folder, "20", "5000", String(splits), String(damages)]);
      const { file, json } = scan(name, folder);
      assert(json.summary.transcripts === 5000 && json.summary.splits >= splits * 0.9, `the fleet is there: ${JSON.stringify(json.summary)}`);
      const bytes = statSync(file).size;
      const times = [];
      for (let n = 0; n < 3; n += 1) {
        const { page, seen } = await open(browser, file);
        times.push(seen.ms);
        if (n === 0) await agrees(page, json);
        if (n === 0 && name === "fleet") {
          await filters(page, json);
          await shot(page, "fleet");
          await page.$eval("#agents", (element) => element.scrollIntoView());
          await shot(page, "agents");
          await page.$eval("#whole", (element) => element.scrollIntoView());
          await page.$eval("details.list", (element) => { element.open = true; });
          await shot(page, "others");
        }
        quiet(seen, name);
        await page.close();
      }
      const what = `${name}: 5,000 sessions, ${json.summary.splits} splits, ${json.findings.length} findings, ${(bytes / 1e6).toFixed(2)} MB, opens in ${times.map(Math.round).join(", ")} ms`;
      console.log(what);
      // The page of a ruin is as long as a page gets, and must only not be a trial.
      assert(bytes < MOST_BYTES && Math.min(...times) < (name === "fleet" ? MOST_MS : 2 * MOST_MS), what);
    }
  }
} finally {
  await browser.close();
  rmSync(work, { recursive: true, force: true });
}
