// Pictures of the widget for a person to look at: `node tests/browser/screenshots.mjs`, into target/screenshots/.

import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Service, launch, open } from "./support.mjs";

const FOLDER = fileURLToPath(new URL("../../target/screenshots/", import.meta.url));
const SIZES = { wide: { width: 1440, height: 900 }, narrow: { width: 390, height: 844 } };

await mkdir(FOLDER, { recursive: true });
const service = await Service.start();
const browser = await launch();
try {
  for (const [size, viewport] of Object.entries(SIZES)) {
    for (const colorScheme of ["light", "dark"]) {
      const page = await open(browser, service, "", { viewport, colorScheme, locale: "zh-CN", deviceScaleFactor: size === "narrow" ? 2 : 1 });
      const shoot = (name) => page.screenshot({ path: `${FOLDER}${size}-${colorScheme}-${name}.png` });
      const chip = (id) => page.locator(`#${id} + [data-bingli] .chip`);
      await page.goto(`${service.address}/example`);
      await page.waitForFunction(async () => (await import("/example/example.js")).handles.course.state.status === "found");
      await page.waitForTimeout(900);
      await shoot("1-page");
      await page.locator("#course").click();
      await page.keyboard.press("Control+Home");
      await page.keyboard.press("Alt+F8");
      await page.waitForTimeout(300);
      await shoot("2-card");
      await page.keyboard.press("Alt+F8");
      await page.waitForTimeout(300);
      await shoot("2-two-sides");
      await page.locator(".popup").getByRole("button", { name: "忽略" }).click();
      await page.waitForTimeout(200);
      await shoot("3-reasons");
      await page.keyboard.press("Escape");
      await page.locator("#history").fill("患者2年前出现腹股沟区肿块，体温８２℃。1月前子宫肌瘤术后，血压50/120mmHg，门诊以“右侧腹股沟疝”收入院。");
      await page.locator("#complaint").fill("腹股沟肿块");
      await page.waitForTimeout(1_800);
      await chip("history").click();
      await page.waitForTimeout(300);
      await shoot("4-list");
      await page.keyboard.press("Escape");
      await page.locator("bingli-panel").scrollIntoViewIfNeeded();
      if (size === "narrow") await page.evaluate(() => document.querySelector("bingli-panel").scrollIntoView());
      await page.waitForTimeout(300);
      await shoot("5-panel");
      await page.route("**/v1/**", (route) => route.abort());
      await page.locator("#complaint").fill("右侧腹股沟肿块2年");
      await page.waitForTimeout(1_500);
      await page.evaluate(() => scrollTo(0, 0));
      await shoot("6-away");
      await page.context().close();
    }
  }
} finally {
  await browser.close();
  await service.stop();
}
