/** The part of vitest's JSON report that counts. */
interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

export interface Tally {
  readonly passed: number;
  readonly failed: number;
  /** What the two numbers do not tell, a line each. */
  readonly notes: readonly string[];
}

export interface Run {
  /** vitest's JSON report; undefined where it wrote none. */
  readonly report: string | undefined;
  readonly exitCode: number;
  /** Files that have to be in the report. */
  readonly expected: readonly string[];
}

/**
 * Counts a run. A file that fails as a whole (it does not load, it left a process behind), one that
 * did not run, and an error outside any test count as a failure each: nothing red may end as `0 failed`.
 */
export function tally({ report, exitCode, expected }: Run): Tally {
  if (report === undefined) return { passed: 0, failed: 1, notes: ['vitest wrote no report'] };
  const files = (JSON.parse(report) as Report).testResults;
  const tests = files.flatMap((file) => file.assertionResults);
  const passed = tests.filter((test) => test.status === 'passed').length;
  const failed = tests.filter((test) => test.status === 'failed').length;
  const notes: string[] = [];
  for (const file of files) {
    const red = file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed');
    if (red) notes.push(`failed as a whole: ${file.name}`);
  }
  const ran = new Set(files.map((file) => file.name));
  for (const file of expected) if (!ran.has(file)) notes.push(`did not run: ${file}`);
  let failures = failed + notes.length;
  if (failures === 0 && exitCode !== 0) {
    notes.push(`vitest ended with exit code ${exitCode} though no test failed`);
    failures = 1;
  }
  for (const { status, fullName, failureMessages: [why] = [] } of tests) {
    if (status === 'passed' && why !== undefined)
      notes.push(`passed only when tried again: ${fullName}\n  ${why}`);
  }
  for (const test of tests) {
    if (test.status !== 'passed' && test.status !== 'failed') notes.push(`${test.status}: ${test.fullName}`);
  }
  return { passed, failed: failures, notes };
}
