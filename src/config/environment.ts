/**
 * `${NAME}` in a value of the configuration file stands for an environment variable.
 */

export type Environment = Readonly<Record<string, string | undefined>>;

/** `$${` stands for `${` itself; a name is a letter or underscore, then letters, digits and underscores. */
const REFERENCE = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$\{[^}]*\}?/g;

export interface Expanded {
  readonly text: string;
  /** What is wrong with its references, one sentence each. */
  readonly faults: readonly string[];
}

/** Whether the whole of `text` is one reference. */
export function isReference(text: string): boolean {
  return /^\$\{[A-Za-z_][A-Za-z0-9_]*\}$/.test(text);
}

/** `text` with its references replaced. A variable that is empty counts as missing: nobody sets one to mean nothing. */
export function expanded(text: string, environment: Environment): Expanded {
  const faults: string[] = [];
  const replaced = text.replace(REFERENCE, (whole, name: string | undefined) => {
    if (whole === '$${') return '${';
    if (name === undefined) {
      faults.push('a reference to the environment is written ${NAME}; $${ stands for ${ itself');
      return whole;
    }
    const value = environment[name];
    if (value !== undefined && value !== '') return value;
    faults.push(`the environment variable ${name} is not set`);
    return whole;
  });
  return { text: replaced, faults };
}
