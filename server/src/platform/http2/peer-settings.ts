import type { Frame } from './frame-parser.ts';
import { errorCode, largestWindowBytes, setting, usualFrameBytes, usualWindowBytes } from './protocol.ts';
import { ConnectionFault } from './protocol-faults.ts';

const largestFrameBytes = 2 ** 24 - 1;
const settingBytes = 6;
/** Of one frame; there are six that mean something. */
const mostSettings = 32;

/** What the client asked for (RFC 9113, section 6.5.2), of what matters to a server that pushes and remembers nothing. */
export class PeerSettings {
  windowBytes = usualWindowBytes;

  /** Takes the settings of a frame. Throws for values that none may have, and for too many. */
  read({ bytes, begin, end }: Frame): void {
    if ((end - begin) % settingBytes !== 0) throw wrong(errorCode.frameSizeError, 'is cut off');
    if (end - begin > mostSettings * settingBytes) throw wrong(errorCode.enhanceYourCalm, 'is too long');
    for (let at = begin; at < end; at += settingBytes)
      this.#set(bytes.readUInt16BE(at), bytes.readUInt32BE(at + 2));
  }

  #set(name: number, value: number): void {
    switch (name) {
      case setting.enablePush:
        if (value > 1) throw wrong(errorCode.protocolError, 'has a push that is neither on nor off');
        break;
      case setting.initialWindowSize:
        if (value > largestWindowBytes)
          throw wrong(errorCode.flowControlError, 'has a window that is too large');
        this.windowBytes = value;
        break;
      case setting.maxFrameSize:
        // Ours are never larger than the smallest that it may ask for.
        if (value < usualFrameBytes || value > largestFrameBytes)
          throw wrong(errorCode.protocolError, 'has a size of frames that none may have');
        break;
      default:
    }
  }
}

function wrong(code: number, what: string): ConnectionFault {
  return new ConnectionFault(code, `a frame of settings ${what}`);
}
