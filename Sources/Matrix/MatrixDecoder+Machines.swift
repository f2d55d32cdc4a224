internal import Core
internal import PluginMessages
internal import YAML

/// Targets that run in virtual machines.
extension MatrixDecoder {
    /// Whether a target's `run` makes its jobs run in a virtual machine.
    func runsInMachine(_ fields: [String: Node]) -> Bool {
        if case .scalar("vm", isPlain: _)? = fields["run"]?.content { true } else { false }
    }

    /// The virtual machine of a target with `run: vm`; nil if it cannot be read.
    ///
    /// - Parameter location: the location of the target.
    func machine(_ fields: [String: Node], at location: SourceLocation) -> MachineEntry? {
        let (image, checksum) = (fields["image"].flatMap(machineImage), fields["checksum"].flatMap(machineChecksum))
        if fields["image"] == nil {
            reader.report(
                "a target with 'run: vm' needs the 'image' of a disk", at: location,
                hint: "write 'image: images/openbsd-7.7.qcow2', or the address of one")
        }
        if fields["checksum"] == nil {
            reader.report(
                "a target with 'run: vm' needs the 'checksum' of its image", at: location,
                hint: "write 'checksum: sha256=…' with what `sha256sum` prints for \(image?.value.text ?? "the image")")
        }
        guard let image, let checksum else { return nil }
        var entry = MachineEntry(image: image, checksum: checksum)
        guard let node = fields["machine"] else { return entry }
        guard let settings = reader.fields(node, "'machine'", .machine) else { return nil }
        readHardware(settings, into: &entry)
        readAccess(settings, into: &entry)
        return entry
    }

    private func readHardware(_ fields: [String: Node], into entry: inout MachineEntry) {
        if let node = fields["memory"] {
            let bytes = reader.quantity(node, "'memory'", units: Quantity.sizeUnits, example: "2 GiB")
            if let bytes, !(32 << 20...1 << 42).contains(bytes) {
                reader.report("'memory' must be from 32 MiB to 4 TiB", at: node.location)
            }
            entry.memory = bytes.map { Swift.max(1, $0 >> 20) }
        }
        entry.processors = fields["cpus"].flatMap { reader.integer($0, "'cpus'", in: 1...255) }
        entry.processor = fields["processor"].flatMap { node in
            guard let text = reader.text(node, "'processor'") else { return nil }
            guard text.value.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "-_.,+=".contains($0)) }) else {
                reader.report(
                    "'processor' must be a model of QEMU with flags, found '\(text.value)'", at: node.location,
                    hint: "such as max, or qemu64,-pdpe1gb; `qemu-system-x86_64 -cpu help` lists them")
                return nil
            }
            return text.value
        }
        entry.disk = fields["disk"].flatMap { choice($0, "'disk'") }
        entry.network = fields["network"].flatMap { choice($0, "'network'") }
        entry.firmware = fields["firmware"].flatMap { choice($0, "'firmware'") }
        entry.kernel = kernel(fields)
    }

    private func readAccess(_ fields: [String: Node], into entry: inout MachineEntry) {
        entry.seed = fields["seed"].flatMap { choice($0, "'seed'") }
        entry.login = fields["login"].flatMap { reader.name($0, "'login'")?.value }
        entry.key = fields["key"].flatMap(file)
        if let seed = fields["seed"], entry.seed == MachineDescription.Seed.none, entry.key == nil {
            reader.report(
                "'seed: none' needs the 'key' that the image trusts", at: seed.location,
                hint: "write 'key: PATH' with the file of the private key")
        }
        entry.bootTime = fields["boot-time"].flatMap {
            reader.quantity($0, "'boot-time'", units: Quantity.durationUnits, example: "10 min")
        }
    }

    private func kernel(_ fields: [String: Node]) -> Located<MachineEntry.Kernel>? {
        guard let node = fields["kernel"] else {
            for key in ["initrd", "append"] {
                if let other = fields[key] {
                    reader.report("'\(key)' needs a 'kernel'", at: other.location)
                }
            }
            return nil
        }
        guard let path = file(node) else { return nil }
        let arguments = fields["append"].flatMap { reader.text($0, "'append'")?.value }
        return Located(
            MachineEntry.Kernel(path: path, initrd: fields["initrd"].flatMap(file), arguments: arguments ?? ""),
            at: node.location)
    }

    private func file(_ node: Node) -> String? {
        reader.text(node, "a path").map { resolved($0.value, relativeTo: node.location.file) }
    }

    private func choice<Value: RawRepresentable & CaseIterable>(_ node: Node, _ what: String) -> Value?
    where Value.RawValue == String {
        guard let text = reader.text(node, what) else { return nil }
        if let value = Value(rawValue: text.value) { return value }
        let names = Value.allCases.map { "'\($0.rawValue)'" }
        reader.report(
            "\(what) must be \(names.dropLast().joined(separator: ", ")) or \(names.last ?? ""), found '\(text.value)'",
            at: node.location)
        return nil
    }

    private func machineImage(_ node: Node) -> Located<MachineEntry.Image>? {
        guard let text = reader.text(node, "'image'") else { return nil }
        guard text.value.contains("://") else {
            return Located(.path(resolved(text.value, relativeTo: node.location.file)), at: node.location)
        }
        guard ["http://", "https://"].contains(where: { text.value.hasPrefix($0) }) else {
            reader.report(
                "'image' must be a path or an address with https or http, found '\(text.value)'", at: node.location)
            return nil
        }
        return Located(.url(text.value), at: node.location)
    }

    private func machineChecksum(_ node: Node) -> Digest? {
        guard let text = reader.text(node, "'checksum'") else { return nil }
        if text.value.hasPrefix("sha256="), let digest = Digest(hex: text.value.dropFirst("sha256=".count)) {
            return digest
        }
        reader.report(
            "'checksum' must be 'sha256=' and 64 lower-case hexadecimal digits, found '\(text.value)'",
            at: node.location, hint: "`sha256sum FILE` prints them")
        return nil
    }

    /// Reports keys that only targets with virtual machines have.
    func checkMachineKeys(_ fields: [String: Node]) {
        guard !runsInMachine(fields) else { return }
        for key in ["checksum", "machine"] {
            guard let node = fields[key] else { continue }
            reader.report("'\(key)' is for targets with 'run: vm' only", at: node.location, hint: "add 'run: vm'")
        }
    }
}
