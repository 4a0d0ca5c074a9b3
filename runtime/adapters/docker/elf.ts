const PROGRAM_INTERPRETER = 3;

/**
 * Whether the bytes are a program for Linux of 64 bits that needs no loader: one without a program header
 * of type `PT_INTERP` (System V ABI, "Program Header").
 */
export const isStaticProgram = (bytes: Uint8Array): boolean => {
  if (bytes.length < 64) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isElf = view.getUint32(0) === 0x7f454c46;
  const is64LittleEndian = bytes[4] === 2 && bytes[5] === 1;
  if (!isElf || !is64LittleEndian) return false;
  const tableAt = Number(view.getBigUint64(32, true));
  const entryBytes = view.getUint16(54, true);
  const entries = view.getUint16(56, true);
  if (entryBytes < 4 || tableAt + entries * entryBytes > bytes.length) return false;
  for (let entry = 0; entry < entries; entry += 1) {
    if (view.getUint32(tableAt + entry * entryBytes, true) === PROGRAM_INTERPRETER) return false;
  }
  return true;
};
