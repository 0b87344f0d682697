import { existsSync } from 'node:fs';
import { type Browser, type Page, chromium } from 'playwright-core';

const EXECUTABLE = '/usr/bin/chromium';

/** Debian's chromium; undefined, with a notice, where there is none, except in CI, where there must be one. */
export async function startBrowser(): Promise<Browser | undefined> {
  if (!existsSync(EXECUTABLE)) {
    if (process.env.CI === 'true') throw new Error(`${EXECUTABLE} is missing`);
    console.log(`skipped: ${EXECUTABLE} is missing (Debian: apt-get install chromium)`);
    return undefined;
  }
  return chromium.launch({
    executablePath: EXECUTABLE,
    args: [
      ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
      ...['--disable-background-networking', '--disable-component-update'],
    ],
  });
}

/** What a page says and asks for while it is used. */
export interface Watched {
  readonly page: Page;
  readonly complaints: string[];
  readonly requests: string[];
}

export async function openPage(
  browser: Browser,
  url: string,
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<Watched> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    if (request.url() !== url && !request.url().startsWith('data:')) requests.push(request.url());
  });
  await page.goto(url);
  return { page, complaints, requests };
}
