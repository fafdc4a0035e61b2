// Which types fit together, and the words for those that do not.

/// Equal without regard to case, or one of them anything, or a common member of unions like "INT,FLOAT".
export function typesFit(a: string, b: string): boolean {
  if (a === b || isAny(a) || isAny(b)) return true;
  const left = members(a);
  const right = members(b);
  return left.some((type) => right.includes(type));
}

export function isAny(type: string): boolean {
  return type === '*' || type === '';
}

export function whyTypesDiffer(from: string, to: string): string {
  return `${from} cannot go into ${to}`;
}

function members(type: string): string[] {
  return type.toUpperCase().split(',').map((member) => member.trim());
}
