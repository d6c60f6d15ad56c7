/** The reason of a state: the token is over, and no look at the account comes to an end. The sweep finds it. */
export const LOOK_OVERDUE = 'look_overdue';
