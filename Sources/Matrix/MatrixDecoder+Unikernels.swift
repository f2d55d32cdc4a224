internal import Core
internal import YAML

/// Decodes MirageOS unikernels.
extension MatrixDecoder {
    /// The maximum number of unikernels in a matrix.
    private static let unikernelLimit = 1000
    /// The maximum number of cells of a unikernel on a target with a compiler.
    private static let variantLimit = 1000
    /// The memory that a unikernel can be given.
    private static let memoryRange = 1 << 20...1 << 40
    /// The hint for a duplicate element of a list.
    private static let duplicateHint = "list it once"

    func decodeUnikernels(_ node: Node, into matrix: inout MatrixFile) {
        matrix.unikernels = reader.list(node, "'unikernels'", of: "unikernel", unikernel)
        if matrix.unikernels.count > Self.unikernelLimit {
            reader.report(
                "\(matrix.unikernels.count) unikernels are more than \(Self.unikernelLimit)", at: node.location)
        }
        reportDuplicates(matrix.unikernels.map(\.name), of: "unikernel")
        for entry in matrix.unikernels {
            check(entry.targets.globs, among: matrix.targets.map(\.name), kind: "target")
            check(entry.compilers.globs, among: matrix.compilers.map(\.name), kind: "compiler")
            for target in matrix.targets where entry.targets.matches(target.name.value) {
                guard target.engine?.value == .opam, let location = target.engine?.location else { continue }
                reader.report(
                    "unikernel '\(entry.name.value)' cannot be built on '\(target.name.value)': its engine is opam",
                    at: location, hint: "exclude the target by 'targets' of the unikernel")
            }
        }
    }

    private func unikernel(_ node: Node) -> UnikernelEntry? {
        guard let fields = reader.fields(node, KeySchema.unikernel.title, .unikernel) else { return nil }
        for (key, example) in [("name", "hello"), ("source", "git+https://host/repo#branch"), ("backends", "[spt]")]
        where fields[key] == nil {
            reader.report("a unikernel needs '\(key)'", at: node.location, hint: "such as '\(key): \(example)'")
        }
        let name = fields["name"].flatMap(unikernelName)
        let source = source(of: fields)
        let backends =
            fields["backends"].map { reader.listOrOne($0, "'backends'", of: "backend", backend) } ?? []
        reportDuplicates(
            backends.map { Located($0.value.rawValue, at: $0.location) }, of: "backend", hint: Self.duplicateHint)
        let configure = fields["configure"].map {
            reader.listOrOne($0, "'configure'", of: "argument", configureArguments)
        }
        let files = fields["configure-files"].map {
            reader.listOrOne($0, "'configure-files'", of: "path") {
                pathGlob($0, "inside the unikernel's directory", hint: "write it relative, without '..'")
            }
        }
        guard let name, let source else { return nil }
        let entry = UnikernelEntry(
            name: name, source: source, configureFiles: files ?? [], backends: backends,
            configure: (configure ?? []).flatMap(\.self), runs: runs(fields["run"], of: backends),
            targets: nameFilter(fields["targets"], "'targets'", of: "target"),
            compilers: nameFilter(fields["compilers"], "'compilers'", of: "compiler"))
        checkVariants(of: entry, at: fields["configure"] ?? node)
        return entry
    }

    private func unikernelName(_ node: Node) -> Located<String>? {
        guard let text = reader.text(node, "'name'") else { return nil }
        let pattern = try? PackagePattern(text.value)
        guard pattern?.name.isLiteral == true, pattern?.constraints.isEmpty == true,
            text.value.utf8.count <= 64, text.value.contains(where: \.isLetter)
        else {
            reader.report(
                "'\(text.value)' cannot be the name of a unikernel", at: node.location,
                hint: "use up to 64 letters, digits and -_+")
            return nil
        }
        guard !text.value.hasSuffix(UnikernelEntry.configureSuffix) else {
            reader.report(
                "the name of a unikernel must not end with '\(UnikernelEntry.configureSuffix)', found '\(text.value)'",
                at: node.location, hint: "that is the name of the package that configures a unikernel")
            return nil
        }
        return text
    }

    private func source(of fields: [String: Node]) -> Located<Pin.Source>? {
        guard let node = fields["source"], let text = reader.text(node, "'source'") else { return nil }
        guard let address = address(of: text.value, in: node) else {
            reader.report(
                "'source' must be an address or a path, found '\(text.value)'", at: node.location,
                hint: "such as git+https://host/repo#branch or ./directory")
            return nil
        }
        return Located(Pin.Source(address, subpath: fields["subpath"].flatMap(subpath)), at: node.location)
    }

    private func backend(_ node: Node) -> Located<UnikernelEntry.Backend>? {
        let known = UnikernelEntry.Backend.allCases.map(\.rawValue)
        guard let text = reader.text(node, "a backend") else { return nil }
        guard let backend = UnikernelEntry.Backend(rawValue: text.value) else {
            reader.report(
                "there is no backend '\(text.value)'", at: node.location,
                hint: nearest(to: text.value, in: known).map { "did you mean '\($0)'?" }
                    ?? "backends are \(known.joined(separator: ", "))")
            return nil
        }
        return Located(backend, at: node.location)
    }

    // MARK: Configuring

    private func configureArguments(_ node: Node) -> [UnikernelEntry.Argument]? {
        guard case .mapping = node.content else {
            return argument(node, "an argument of 'configure'").map { [.text($0)] }
        }
        return reader.entries(node, "a key of 'configure'").compactMap { entry in
            let letters = entry.key.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_".contains($0)) }
            guard letters, entry.key.first?.isLetter == true else {
                reader.report(
                    "'\(entry.key)' is not a key of a unikernel", at: entry.keyLocation,
                    hint: "write the name without '--', such as 'dhcp: [true, false]'")
                return nil
            }
            let values = reader.listOrOne(entry.value, "'\(entry.key)'", of: "value") { value in
                argument(value, "a value of '\(entry.key)'").map { Located($0, at: value.location) }
            }
            reportDuplicates(values, of: "value", hint: Self.duplicateHint)
            return .key(entry.key, values: values.map(\.value))
        }
    }

    private func argument(_ node: Node, _ what: String) -> String? {
        guard let text = reader.text(node, what)?.value else { return nil }
        guard text.utf8.count <= 1000, !text.contains(where: { $0.isNewline || $0 == "\0" }) else {
            reader.report("\(what) must be one line of at most 1000 bytes", at: node.location)
            return nil
        }
        return text
    }

    /// Checks that each key is given once, that the values of keys are valid in the names of cells, and that there are
    /// not too many.
    private func checkVariants(of entry: UnikernelEntry, at node: Node) {
        checkOptions(of: entry, at: node)
        var (count, labels) = (Swift.max(entry.backends.count, 1), Set<String>())
        for case .key(let key, let values) in entry.configure where values.count > 1 {
            count = Swift.min(count * values.count, Int(Int32.max))
            // A value that is listed twice has been reported.
            for value in Set(values).sorted() {
                let isName =
                    value.utf8.count <= 64 && value.allSatisfy(PackagePattern.isVersionLetter)
                    && value.allSatisfy { $0 != "+" }
                guard isName else {
                    reader.report(
                        "'\(value)' cannot be part of a cell's name, as '\(key)' with several values requires",
                        at: node.location, hint: "use up to 64 letters, digits and -_.~ for each of several values")
                    continue
                }
                if !labels.insert(value).inserted {
                    reader.report("two keys of '\(entry.name.value)' have the value '\(value)'", at: node.location)
                }
            }
        }
        guard count > Self.variantLimit else { return }
        reader.report(
            "unikernel '\(entry.name.value)' has \(count) combinations of backends and values, more than "
                + "\(Self.variantLimit)", at: node.location)
    }

    /// Checks that no key is listed twice, and that no option selects the backend.
    private func checkOptions(of entry: UnikernelEntry, at node: Node) {
        var keys: Set<String> = []
        for argument in entry.configure {
            switch argument {
            case .key("target", _): reportBackendOption("target", at: node)
            case .key(let key, _):
                guard !keys.insert(key).inserted else { continue }
                reader.report(
                    "'configure' has the key '\(key)' twice", at: node.location,
                    hint: "write the values of a key in one list, as in '\(key): [A, B]', and an option that may be "
                        + "repeated as a text, as in '--\(key)=A'")
            case .text(let text):
                let option = text.prefix { $0 != "=" }
                if ["-t", "--target"].contains(option) || text.hasPrefix("-t") && !text.hasPrefix("--") {
                    reportBackendOption(text, at: node)
                }
            }
        }
    }

    private func reportBackendOption(_ option: String, at node: Node) {
        reader.report(
            "'\(option)' in 'configure' selects a backend", at: node.location, hint: "list backends in 'backends'")
    }

    /// The memory of a run; nil and reported if no unikernel can have it.
    private func memory(_ node: Node) -> Int? {
        let bytes = reader.quantity(node, "'memory'", units: Quantity.sizeUnits, example: "'32 MiB'")
        guard let bytes, !Self.memoryRange.contains(bytes) else { return bytes }
        reader.report(
            "'memory' must be 1 MiB to 1 TiB, found \(node.kind)", at: node.location,
            hint: bytes < Self.memoryRange.lowerBound
                ? "a number without a unit is in bytes: write '\(bytes < 1 << 16 ? bytes : 64) MiB'" : nil)
        return nil
    }

    // MARK: Running

    private func runs(
        _ node: Node?, of backends: [Located<UnikernelEntry.Backend>]
    ) -> [UnikernelEntry.Backend: UnikernelEntry.Run] {
        guard let node else { return [:] }
        var runs: [UnikernelEntry.Backend: UnikernelEntry.Run] = [:]
        for entry in reader.entries(node, "'run'") {
            guard let backend = backends.first(where: { $0.value.rawValue == entry.key })?.value else {
                let names = backends.map(\.value.rawValue)
                reader.report(
                    "the unikernel is not built for '\(entry.key)'", at: entry.keyLocation,
                    hint: nearest(to: entry.key, in: names).map { "did you mean '\($0)'?" }
                        ?? "its backends are \(names.joined(separator: ", "))")
                continue
            }
            guard UnikernelEntry.Backend.runnable.contains(backend) else {
                let names = UnikernelEntry.Backend.runnable.map(\.rawValue)
                reader.report(
                    "images for '\(entry.key)' cannot be run", at: entry.keyLocation,
                    hint: "those of \(names.joined(separator: ", ")) can; all are built and checked")
                continue
            }
            runs[backend] = run(entry.value)
        }
        return runs
    }

    private func run(_ node: Node) -> UnikernelEntry.Run? {
        guard let fields = reader.fields(node, KeySchema.unikernelRun.title, .unikernelRun) else { return nil }
        guard let time = fields["time"] else {
            reader.report(
                "the run of a unikernel needs 'time'", at: node.location,
                hint: "the time after which it must have ended, such as 'time: 10s'")
            return nil
        }
        let expect = fields["expect"].flatMap { argument($0, "'expect'") }
        let seconds = reader.quantity(time, "'time'", units: Quantity.durationUnits, example: "'10s' or '2min'")
        return seconds.map { seconds in
            UnikernelEntry.Run(
                time: seconds, expect: expect,
                status: fields["status"].flatMap { reader.integer($0, "'status'", in: 0...255) },
                arguments: fields["arguments"].map {
                    reader.listOrOne($0, "'arguments'", of: "argument") { argument($0, "an argument") }
                } ?? [],
                memory: fields["memory"].flatMap(memory))
        }
    }
}
