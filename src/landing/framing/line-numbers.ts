/** Line numbers for reasons. Asked in ascending order, all of them together read the file once. */
export class LineNumbers {
  readonly #bytes: Buffer;
  #line = 1;
  #lineStart = 0;
  /** Position of the line feed that ends line `#line`; the file's length for the last. */
  #lineStop: number;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#lineStop = this.#nextFeed(0);
  }

  /** 1-based line of the byte at `offset`. */
  of(offset: number): number {
    // A list that does not close is told of after its records.
    if (offset < this.#lineStart) {
      this.#line = 1;
      this.#lineStart = 0;
      this.#lineStop = this.#nextFeed(0);
    }
    while (offset > this.#lineStop) {
      this.#line++;
      this.#lineStart = this.#lineStop + 1;
      this.#lineStop = this.#nextFeed(this.#lineStart);
    }
    return this.#line;
  }

  #nextFeed(from: number): number {
    const found = this.#bytes.indexOf(0x0a, from);
    return found === -1 ? this.#bytes.length : found;
  }
}
