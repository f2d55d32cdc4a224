internal import Core
internal import YAML

/// Decodes repositories, targets and compilers.
extension MatrixDecoder {
    func repository(_ node: Node) -> RepositoryEntry? {
        if case .scalar = node.content {
            guard let text = reader.text(node, "a repository") else { return nil }
            return RepositoryEntry(
                address: Located(address(text.value, isURL: text.value.contains("://"), in: node), at: node.location),
                revision: .head, priority: 0, targets: .any, compilers: .any)
        }
        guard let fields = reader.fields(node, "a repository", .repository) else { return nil }
        let revision = revision(fields)
        let priority = fields["priority"].flatMap { reader.integer($0, "'priority'", in: -1_000_000...1_000_000) }
        let targets = nameFilter(fields["targets"], "'targets'", of: "target")
        let compilers = nameFilter(fields["compilers"], "'compilers'", of: "compiler")
        guard (fields["url"] == nil) != (fields["path"] == nil) else {
            reader.report("a repository needs one of 'url' and 'path'", at: node.location)
            return nil
        }
        guard let source = fields["url"] ?? fields["path"], let text = reader.text(source, "a repository's address")
        else { return nil }
        return RepositoryEntry(
            address: Located(address(text.value, isURL: fields["url"] != nil, in: source), at: source.location),
            revision: revision, priority: priority ?? 0, targets: targets, compilers: compilers)
    }

    private func address(_ text: String, isURL: Bool, in node: Node) -> RepositoryEntry.Address {
        isURL ? .url(text) : .path(written: text, resolved: resolved(text, relativeTo: node.location.file))
    }

    /// Resolves a path relative to the file that contains it.
    func resolved(_ path: String, relativeTo file: String) -> String {
        path.isAbsolutePath ? path : file.pathPrefix + path
    }

    private func revision(_ fields: [String: Node]) -> RepositoryEntry.Revision {
        if let ref = fields["ref"], let commit = fields["commit"] {
            reader.report("'ref' and 'commit' exclude each other", at: max(ref, commit).location)
        }
        if let node = fields["commit"], let text = reader.text(node, "'commit'") {
            let isHash = text.value.utf8.count == 40 && text.value.allSatisfy { $0.isHexDigit && !$0.isUppercase }
            if !isHash {
                reader.report(
                    "'commit' must be 40 lower-case hexadecimal digits, found '\(text.value)'", at: node.location,
                    hint: "use 'ref' for branches and tags")
            }
            return .commit(text.value)
        }
        if let node = fields["ref"], let text = reader.text(node, "'ref'") {
            return .ref(text.value)
        }
        return .head
    }

    func max(_ left: Node, _ right: Node) -> Node {
        (left.location.line, left.location.column) < (right.location.line, right.location.column) ? right : left
    }

    /// - Parameter engine: the matrix's default for targets.
    func target(_ node: Node, engine: Located<TargetEntry.Engine>?) -> TargetEntry? {
        if case .scalar = node.content {
            return reader.name(node, "a target's name").map { target(named: $0, fields: [:], engine: engine) }
        }
        guard let fields = reader.fields(node, "a target", .target) else { return nil }
        guard let nameNode = fields["name"] else {
            reader.report("a target needs a 'name'", at: node.location, hint: "write 'name: debian-12'")
            return nil
        }
        return reader.name(nameNode, "a target's name").map { target(named: $0, fields: fields, engine: engine) }
    }

    private func target(
        named name: Located<String>, fields: [String: Node], engine: Located<TargetEntry.Engine>?
    ) -> TargetEntry {
        var entry = TargetEntry(name: name, options: [:], backend: .sandbox, engine: engine, isRequired: true)
        if let node = fields["plugin"] { entry.plugin = reader.name(node, "'plugin'") }
        checkMachineKeys(fields)
        let isMachine = runsInMachine(fields)
        if let node = fields["image"], !isMachine { entry.image = image(node, fields) }
        if let node = fields["version"] { entry.version = reader.text(node, "'version'")?.value }
        if let node = fields["arch"] { entry.arch = reader.name(node, "'arch'")?.value }
        if let node = fields["required"] { entry.isRequired = reader.boolean(node, "'required'") ?? true }
        if let node = fields["run"], !isMachine { entry.backend = runBackend(node) }
        if isMachine, let machine = machine(fields, at: name.location) { entry.backend = .machine(machine) }
        if let node = fields["labels"] {
            let labels = reader.listOrOne(node, "'labels'", of: "label") { reader.name($0, "a label")?.value }
            entry.labels = Set(labels).sorted()
        }
        if let node = fields["options"] {
            for option in reader.entries(node, "'options'") {
                entry.options[option.key] = reader.text(option.value, "option '\(option.key)'")?.value
            }
        }
        if let node = fields["engine"] { entry.engine = self.engine(node) }
        if let engine = entry.engine, engine.value == .opam, entry.backend != .sandbox {
            let location = isMachine ? "in a virtual machine" : "on hosts reached by ssh"
            reader.report(
                "target '\(name.value)' runs \(location), but the engine 'opam' needs a sandbox", at: name.location,
                hint: "give it 'engine: recipe'")
        }
        return entry
    }

    private func image(_ node: Node, _ fields: [String: Node]) -> Located<ImageReference>? {
        guard let text = reader.text(node, "'image'") else { return nil }
        for (key, hint) in [
            ("plugin", "the image replaces the environment of a plugin"),
            ("version", "its version is that of the image: set the option 'os-version' if need be"),
        ] {
            if let other = fields[key] {
                reader.report("'image' and '\(key)' exclude each other", at: max(node, other).location, hint: hint)
            }
        }
        if let run = fields["run"], runBackend(run) != .sandbox {
            reader.report("an image runs in a sandbox, not on a host", at: run.location, hint: "leave 'run' out")
        }
        if let transport = ImageReference.unsupportedTransport(in: text.value) {
            reader.report(
                "images are read from registries and layouts, not from '\(transport):', found '\(text.value)'",
                at: node.location,
                hint: "`skopeo copy \(text.value) oci:images:TAG` copies it into a layout, 'oci:images:TAG'")
            return nil
        }
        guard var reference = ImageReference(text.value) else {
            reader.report(
                "'image' must be '[HOST/]NAME[:TAG][@sha256:DIGEST]' or 'oci:DIRECTORY[:TAG]', found '\(text.value)'",
                at: node.location, hint: "such as docker.io/opensuse/leap:15.6, or oci:images/leap")
            return nil
        }
        if case .layout(let directory) = reference.location {
            reference.location = .layout(resolved(directory, relativeTo: node.location.file))
        }
        return Located(reference, at: node.location)
    }

    func engine(_ node: Node) -> Located<TargetEntry.Engine>? {
        guard let text = reader.text(node, "'engine'") else { return nil }
        guard let engine = TargetEntry.Engine(rawValue: text.value) else {
            reader.report("'engine' must be 'recipe' or 'opam', found '\(text.value)'", at: node.location)
            return nil
        }
        return Located(engine, at: node.location)
    }

    private func runBackend(_ node: Node) -> TargetEntry.Backend {
        if case .scalar("sandbox", isPlain: _) = node.content { return .sandbox }
        let hosts = reader.listOrOne(node, "'run'", of: "host") { node -> HostAddress? in
            guard let text = reader.text(node, "'run'")?.value else { return nil }
            if let address = HostAddress(text) { return address }
            reader.report(
                "'run' must be 'sandbox', 'vm' or 'ssh://[USER@]HOST[:PORT]', found '\(text)'", at: node.location)
            return nil
        }
        return hosts.isEmpty ? .sandbox : .ssh(hosts)
    }

    func compiler(_ node: Node) -> CompilerEntry? {
        if case .scalar = node.content {
            return version(node, "a compiler").map {
                CompilerEntry(name: $0, version: $0.value, isSystem: false, packages: [], targets: .any)
            }
        }
        guard let fields = reader.fields(node, "a compiler", .compiler) else { return nil }
        guard (fields["version"] == nil) != (fields["system"] == nil) else {
            reader.report(
                "a compiler needs one of 'version' and 'system'", at: node.location,
                hint: "'system' is the version of the distribution's own compiler")
            return nil
        }
        let packages = fields["packages"].map { list in
            reader.listOrOne(list, "'packages'", of: "package") { node in
                pattern(node, "a compiler's package").map { Located($0, at: node.location) }
            }
        }
        let targets = nameFilter(fields["targets"], "'targets'", of: "target")
        let name = fields["name"].map { reader.name($0, "a compiler's name") }
        guard let versionNode = fields["version"] ?? fields["system"],
            let version = version(versionNode, "a compiler's version")
        else { return nil }
        let options = (packages ?? []).map { "+\($0.value.name.pattern)" }.joined()
        return CompilerEntry(
            name: (name ?? nil) ?? Located(version.value + options, at: version.location), version: version.value,
            isSystem: fields["system"] != nil, packages: packages ?? [], targets: targets)
    }

    func version(_ node: Node, _ what: String) -> Located<String>? {
        guard let text = reader.text(node, what) else { return nil }
        guard text.value.allSatisfy(PackagePattern.isVersionLetter), text.value.first?.isNumber == true else {
            reader.report("\(what) must be a version, found '\(text.value)'", at: node.location, hint: "such as 5.3.0")
            return nil
        }
        return text
    }

    func nameFilter(_ node: Node?, _ what: String, of element: String) -> NameFilter {
        guard let node else { return .any }
        return NameFilter(
            globs: reader.listOrOne(node, what, of: element) { node in
                reader.text(node, "a \(element)").map { Located(Glob($0.value), at: $0.location) }
            })
    }
}
