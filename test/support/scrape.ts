/** What one scrape of `/metrics` found. */
export interface Scrape {
  readonly text: string;
  /** The value of a series, written as Prometheus writes it; undefined where there is none. */
  value(series: string): number | undefined;
  /** Every name, with its kind: `gauge`, `counter`, `histogram`. */
  readonly kinds: ReadonlyMap<string, string>;
  /** The names that have a series, the parts of histograms included. */
  readonly names: ReadonlySet<string>;
}

export async function scrape(url: string): Promise<Scrape> {
  const answer = await fetch(`${url}/metrics`);
  if (answer.status !== 200) throw new Error(`/metrics answered ${answer.status}`);
  return readScrape(await answer.text());
}

export function readScrape(text: string): Scrape {
  const kinds = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(
    ([, name = '', kind = '']) => [name, kind] as const,
  );
  const series = new Map(
    [...text.matchAll(/^([a-z_0-9]+(?:\{.*\})?) (\S+)$/gm)].map(([, name = '', value]) => [
      name,
      Number(value),
    ]),
  );
  return {
    text,
    value: (name) => series.get(name),
    kinds: new Map(kinds),
    names: new Set([...series.keys()].map((each) => each.replace(/\{.*/, ''))),
  };
}
