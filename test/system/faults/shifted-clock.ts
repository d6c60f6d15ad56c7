/** Loaded before the service (`node --import`): with each SIGUSR2 its clock stands as far off as CLOCK_SHIFTS_MS says next. */
const shifts = (process.env['CLOCK_SHIFTS_MS'] ?? '').split(',').map(Number);
const real = Date.now.bind(Date);
let offMs = 0;
Date.now = () => real() + offMs;
process.on('SIGUSR2', () => {
  offMs = shifts.shift() ?? offMs;
});
