/** Line numbers for reasons. Asked in ascending order, all of them together read the file once. */
export class LineNumbers {
  readonly #bytes: Buffer;
  #line = 1;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** 1-based line of the byte at `offset`. */
  of(offset: number): number {
    if (offset < this.#at) {
      this.#line = 1;
      this.#at = 0;
    }
    for (;;) {
      const feed = this.#bytes.indexOf(0x0a, this.#at);
      if (feed === -1 || feed >= offset) return this.#line;
      this.#line++;
      this.#at = feed + 1;
    }
  }
}
