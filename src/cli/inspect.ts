import { exposedOf, readAccounts, type Exposed } from '../accounts/index.ts';
import { readLimits } from '../app/limits.ts';
import { makeConnect } from '../app/load.ts';
import { makeHttp } from '../brokers/http.ts';
import { brokers } from '../brokers/index.ts';
import { prepareStateDir, type Basis } from '../config/index.ts';
import type { Account } from '../core/account.ts';
import { systemClock } from '../core/clock.ts';
import { ConfigurationError, type Fault } from '../core/errors.ts';

export interface Inspected {
  /** None where there are faults. */
  readonly accounts: readonly Account[];
  readonly faults: readonly Fault[];
  /** The files with secrets that other users of this machine can open. */
  readonly exposed: readonly Exposed[];
}

/** The accounts as a start would read them, with every fault of them, of the limits and of the state folder. */
export async function inspectAccounts(
  basis: Basis,
  { simulate }: { readonly simulate: boolean },
): Promise<Inspected> {
  const { setting } = basis;
  const { isHoliday } = basis.holidays;
  const http = makeHttp();
  const stateDir = await prepareStateDir(basis.stateDir);
  try {
    const { accounts, faults, files } = await readAccounts({
      file: basis.credentialsFile,
      brokers,
      setting,
      takesExamples: simulate,
      connect: makeConnect({ setting, http, clock: systemClock, isHoliday }),
    });
    return {
      accounts,
      faults: [...(stateDir ? [stateDir] : []), ...limitFaults(setting), ...faults],
      exposed: await exposedOf(files.map(({ path }) => path)),
    };
  } finally {
    await http.close();
  }
}

function limitFaults(setting: Basis['setting']): readonly Fault[] {
  try {
    readLimits(brokers, setting);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
}
