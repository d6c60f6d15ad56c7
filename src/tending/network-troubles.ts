/** Why an account without a token waits though nothing is wrong with it. */
export const networkTroubles: Readonly<Record<string, string | undefined>> = {
  broker_silence:
    'The broker asked this network for silence; without a token this account waits for its end.',
  broker_down: 'The broker does not answer; one call at a time shows whether it is back.',
  budget_spent:
    'A limit of the broker leaves no room for another call yet. More accounts than the limit carries, or failed logins: see the budgets.',
};
