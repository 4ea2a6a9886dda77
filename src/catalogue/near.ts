// Which codes somebody may have meant: those one slip of the finger away, and no others.

/** Whether one letter was left out, put in, or mistaken, or two neighbours were swapped. Case does not count. */
export function isOneSlip(a: string, b: string): boolean {
  const [one, two] = [a.toLowerCase(), b.toLowerCase()];
  if (one === two || Math.abs(one.length - two.length) > 1) return false;
  let from = 0;
  while (from < one.length && one[from] === two[from]) from++;
  const [restOne, restTwo] = [one.slice(from), two.slice(from)];
  return restOne.slice(1) === restTwo.slice(1) || restOne.slice(1) === restTwo ||
    restOne === restTwo.slice(1) ||
    (restOne[0] === restTwo[1] && restOne[1] === restTwo[0] &&
      restOne.slice(2) === restTwo.slice(2));
}
