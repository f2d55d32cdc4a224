internal import CZlib

/// A zlib compressor for git objects. It keeps zlib's memory between uses: allocating it costs more than compressing a
/// small object.
///
/// Used by one thread at a time.
package final class Deflater {
    private let stream: UnsafeMutablePointer<z_stream>

    /// - Parameters:
    ///   - level: 0 (stored) to 9 (smallest).
    ///   - memory: 1 to 9. Less memory means less to clear before each small input, but a slightly larger output for
    ///     large ones.
    package init(level: Int32, memory: Int32 = 8) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let status = deflateInit2_(
            stream, level, Z_DEFLATED, 15, memory, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "zlib has no memory")
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// `prefix` unchanged, followed by the compressed form of `input`.
    package func deflate(_ input: [UInt8], after prefix: [UInt8] = []) -> [UInt8] {
        deflateReset(stream)
        let bound = Int(deflateBound(stream, UInt(input.count))) + 16
        return [UInt8](unsafeUninitializedCapacity: prefix.count + bound) { buffer, count in
            _ = buffer.update(fromContentsOf: prefix)
            stream.pointee.next_out = buffer.baseAddress! + prefix.count
            stream.pointee.avail_out = UInt32(bound)
            input.withUnsafeBufferPointer { bytes in
                stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress)
                stream.pointee.avail_in = UInt32(bytes.count)
                _ = CZlib.deflate(stream, Z_FINISH)
            }
            count = prefix.count + bound - Int(stream.pointee.avail_out)
        }
    }
}

/// Returns `prefix`, followed by a zlib stream of `input` without compression; several times faster than zlib itself.
package func stored(_ input: [UInt8], after prefix: [UInt8] = []) -> [UInt8] {
    let blocks = max(1, (input.count + Int(UInt16.max) - 1) / Int(UInt16.max))
    return [UInt8](unsafeUninitializedCapacity: prefix.count + input.count + 5 * blocks + 6) { buffer, count in
        func append(_ bytes: some Collection<UInt8>) {
            count = buffer[count...].update(fromContentsOf: bytes)
        }
        append(prefix)
        // No dictionary, the fastest level.
        append([0x78, 0x01])
        input.withUnsafeBufferPointer { input in
            for block in 0..<blocks {
                let start = block * Int(UInt16.max)
                let piece = input[start..<min(start + Int(UInt16.max), input.count)]
                let size = UInt16(piece.count)
                append([block == blocks - 1 ? 1 : 0, UInt8(size & 255), UInt8(size >> 8)])
                append([UInt8(~size & 255), UInt8(~size >> 8)])
                append(UnsafeBufferPointer(rebasing: piece))
            }
            let sum = adler32_z(1, input.baseAddress, z_size_t(input.count))
            append((0..<4).map { UInt8(truncatingIfNeeded: sum >> (24 - 8 * $0)) })
        }
    }
}

/// Decompresses a zlib stream; nil if it is damaged, truncated, or longer than `limit` bytes when decompressed.
package func inflate(_ bytes: [UInt8], limit: Int = 1 << 30) -> [UInt8]? {
    inflatePrefix(bytes[...], limit: limit)?.output
}

/// Like `inflate`, for a stream that may be followed by other bytes; also returns the length of the stream.
func inflatePrefix(_ bytes: ArraySlice<UInt8>, limit: Int = 1 << 30) -> (output: [UInt8], consumed: Int)? {
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    stream.initialize(to: z_stream())
    defer { stream.deallocate() }
    guard inflateInit_(stream, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else { return nil }
    defer { inflateEnd(stream) }
    var output: [UInt8] = []
    var status = Z_OK
    var consumed = 0
    let isWhole = bytes.withUnsafeBufferPointer { input in
        stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        stream.pointee.avail_in = UInt32(clamping: input.count)
        while status == Z_OK, output.count <= limit {
            let size = min(max(4096, input.count * 4), max(65_536, output.count))
            let piece = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
                stream.pointee.next_out = buffer.baseAddress
                stream.pointee.avail_out = UInt32(clamping: buffer.count)
                status = CZlib.inflate(stream, Z_NO_FLUSH)
                count = buffer.count - Int(stream.pointee.avail_out)
            }
            output += piece
        }
        consumed = Int(stream.pointee.total_in)
        return status == Z_STREAM_END
    }
    return isWhole && output.count <= limit ? (output, consumed) : nil
}

/// The CRC-32 of `bytes`, continued from `start`.
package func crc32(_ bytes: [UInt8], from start: UInt32 = 0) -> UInt32 {
    bytes.withUnsafeBufferPointer {
        UInt32(truncatingIfNeeded: CZlib.crc32(UInt(start), $0.baseAddress, UInt32($0.count)))
    }
}
