internal import Core

/// The state as bytes: arrays in the machine's representation, each preceded by its length, so that reading is copying.
extension IncrementalState {
    /// Differs on machines with another byte order.
    private static let signature: Int32 = 0x0C15_0001

    /// Decodes the bytes of `encoded` from a machine of the same kind; nil for anything else.
    package init?(encoded bytes: UnsafeRawBufferPointer) {
        var reader = FlatReader(bytes: bytes)
        guard reader.numbers() == [Self.signature] else { return nil }
        self.init(&reader)
    }

    /// The state as bytes for the cache.
    package var encoded: [UInt8] {
        var writer = FlatWriter()
        writer.write([Self.signature])
        encode(to: &writer)
        return writer.bytes
    }

    private func encode(to writer: inout FlatWriter) {
        writer.write(inputsKey.hex)
        writer.write(selection.hex)
        writer.write(FlatTexts(rules))
        writer.write([Int32(stacks.count), Int32(columns.count)])
        for stack in stacks {
            writer.write(stack.key)
            writer.write(stack.names)
            writer.write(stack.fingerprints)
        }
        for column in columns {
            writer.write(column.name)
            writer.write([Int32(column.stack)])
            writer.write(column.inputsKey.hex)
            writer.write(column.packages)
            writer.write(column.flags)
            writer.write(column.examined)
        }
        for counts in [jobs.jobs, jobs.packages] {
            writer.write(counts.keys)
            writer.write(counts.counts)
        }
        writer.write(jobs.inputs)
        writer.write(jobs.files)
    }

    private init?(_ reader: inout FlatReader) {
        guard let inputsKey = reader.text().flatMap({ Digest(hex: $0) }),
            let selection = reader.text().flatMap({ Digest(hex: $0) }), let rules = reader.texts(),
            let sizes = reader.numbers(), sizes.count == 2
        else { return nil }
        self.init(inputsKey: inputsKey, selection: selection, rules: (0..<rules.count).map { rules[$0] })
        for _ in 0..<sizes[0] {
            guard let key = reader.text(), let names = reader.texts(), let fingerprints = reader.texts() else {
                return nil
            }
            stacks.append(StackState(key: key, names: names, fingerprints: fingerprints))
        }
        for _ in 0..<sizes[1] {
            guard let name = reader.text(), let stack = reader.numbers(), stack.count == 1,
                let inputsKey = reader.text().flatMap({ Digest(hex: $0) }), let packages = reader.texts(),
                let flags = reader.numbers(), let examined = reader.lists()
            else { return nil }
            columns.append(
                ColumnState(
                    name: name, stack: Int(stack[0]), inputsKey: inputsKey, packages: packages, flags: flags,
                    examined: examined))
        }
        guard let counts = reader.counts(), let packages = reader.counts(), let inputs = reader.lists(),
            let files = reader.numbers()
        else { return nil }
        jobs = JobUses(jobs: counts, packages: packages, inputs: inputs, files: files)
        guard isConsistent else { return nil }
    }

    private var isConsistent: Bool {
        stacks.allSatisfy { $0.names.count == $0.fingerprints.count } && jobs.isConsistent
            && columns.allSatisfy { column in
                guard stacks.indices.contains(column.stack) else { return false }
                let names = stacks[column.stack].names.count
                return column.flags.count == column.packages.count && column.examined.count == column.packages.count
                    && Int(column.examined.ends.last ?? 0) == column.examined.elements.count
                    && column.examined.elements.allSatisfy { $0 >= 0 && $0 < names }
            }
    }
}

extension FlatWriter {
    fileprivate mutating func write<Element>(_ arrays: FlatArrays<Element>) {
        write(arrays.elements)
        write(arrays.ends)
    }
}

extension FlatReader {
    fileprivate mutating func texts() -> FlatTexts? {
        guard let bytes = array(of: UInt8.self), let ends = numbers(), Int(ends.last ?? 0) == bytes.count else {
            return nil
        }
        return FlatTexts(elements: bytes, ends: ends)
    }

    fileprivate mutating func lists() -> FlatLists? {
        guard let numbers = numbers(), let ends = self.numbers() else { return nil }
        return FlatLists(elements: numbers, ends: ends)
    }

    fileprivate mutating func counts() -> UseCounts? {
        guard let keys = array(of: Digest.self), let counts = numbers(), keys.count == counts.count else {
            return nil
        }
        return UseCounts(keys: keys, counts: counts)
    }
}
