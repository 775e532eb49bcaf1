/** Builds tar blocks byte by byte, also wrong ones: for tests only. */

export interface FixtureHeader {
  readonly name?: string | Buffer;
  readonly mode?: string;
  readonly uid?: string | Buffer;
  readonly gid?: string | Buffer;
  readonly size?: number | string | Buffer;
  readonly mtime?: number | string | Buffer;
  readonly typeflag?: string;
  readonly linkname?: string | Buffer;
  readonly magic?: string;
  readonly devmajor?: string;
  readonly devminor?: string;
  readonly prefix?: string;
  /** Instead of the right one. */
  readonly checksum?: string;
}

export function headerBlock(fields: FixtureHeader): Buffer {
  const block = Buffer.alloc(512);
  const put = (offset: number, value: string | Buffer | undefined) => {
    if (value !== undefined) Buffer.from(value as string, 'latin1').copy(block, offset);
  };
  const octal = (value: number | string | Buffer | undefined) =>
    typeof value === 'number' ? value.toString(8).padStart(11, '0') : value;
  put(0, fields.name ?? 'file');
  put(100, fields.mode ?? '0000644');
  put(108, fields.uid ?? '0000000');
  put(116, fields.gid ?? '0000000');
  put(124, octal(fields.size ?? 0));
  put(136, octal(fields.mtime ?? 0));
  put(156, fields.typeflag ?? '0');
  put(157, fields.linkname);
  put(257, fields.magic ?? 'ustar\x0000');
  put(329, fields.devmajor);
  put(337, fields.devminor);
  put(345, fields.prefix);
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(148, fields.checksum ?? `${sum.toString(8).padStart(6, '0')}\0 `);
  return block;
}

/** A body, filled up to whole blocks. */
export function padded(body: string | Buffer): Buffer {
  const bytes = Buffer.from(body as string);
  return Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

export function entryBlocks(fields: FixtureHeader, body: string | Buffer = ''): Buffer {
  return Buffer.concat([headerBlock({ size: Buffer.byteLength(body), ...fields }), padded(body)]);
}

export function paxRecord(keyword: string, value: string | Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${keyword}=`), Buffer.from(value as string), Buffer.from('\n')]);
  let length = rest.length + 1;
  while (`${length}`.length + rest.length !== length) length += 1;
  return Buffer.concat([Buffer.from(`${length}`), rest]);
}

export function paxBlocks(records: readonly (readonly [string, string | Buffer])[], typeflag = 'x'): Buffer {
  const body = Buffer.concat(records.map(([keyword, value]) => paxRecord(keyword, value)));
  return entryBlocks({ name: 'PaxHeaders/x', typeflag }, body);
}

export const endBlocks = Buffer.alloc(1024);
