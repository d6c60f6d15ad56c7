import { loadAccounts } from '../accounts/index.ts';
import { makeConnect } from '../app/load.ts';
import { makeHttp } from '../brokers/http.ts';
import { brokers } from '../brokers/index.ts';
import { prepareStateDir, type Basis } from '../config/index.ts';
import type { Account } from '../core/account.ts';
import { systemClock } from '../core/clock.ts';
import { ConfigurationError, type Fault } from '../core/errors.ts';

/** The accounts as a start would read them, with every fault of them and of the state folder. */
export async function inspectAccounts(
  basis: Basis,
): Promise<{ readonly accounts: readonly Account[]; readonly faults: readonly Fault[] }> {
  const http = makeHttp();
  const stateDir = await prepareStateDir(basis.stateDir);
  const faults = stateDir ? [stateDir] : [];
  try {
    const { accounts } = await loadAccounts({
      file: basis.credentialsFile,
      brokers,
      setting: basis.setting,
      connect: makeConnect({ setting: basis.setting, http, clock: systemClock }),
    });
    return { accounts, faults };
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return { accounts: [], faults: [...faults, ...error.faults] };
  } finally {
    await http.close();
  }
}
