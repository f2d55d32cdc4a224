internal import Core

extension Job {
    /// Parses the job of a document in canonical form; nil for any other form.
    package static func read(_ document: [UInt8]) -> Job? {
        CanonicalReader.document(document) { $0.object { Job(&$0) } }
    }

    private init?(_ reader: inout CanonicalReader) {
        var (overwrites, documentation, engine) = ([String]?.none, Bool?.none, Engine?.none)
        var limits: Limits?
        guard reader.optional("allowedOverwrites", &overwrites, { $0.array { $0.string() } }),
            reader.key("compiler"), let compiler = reader.string(),
            reader.optional("documentation", &documentation, { $0.boolean() }),
            reader.optional("engine", &engine, { $0.string().flatMap(Engine.init) }),
            reader.key("environment"), let environment = reader.digest(),
            reader.key("inputs"), let inputs = reader.array({ $0.digest() }),
            reader.key("kind"), let kind = reader.string().flatMap(Kind.init),
            reader.optional("limits", &limits, { $0.object { Limits(&$0) } }),
            reader.key("opam"), let opam = reader.digest(),
            reader.key("package"), let package = reader.string().flatMap({ PackageVersion($0) }),
            reader.key("plugin"), let plugin = reader.object({ Plugin(&$0) }),
            reader.key("systemPackages"), let systemPackages = reader.array({ $0.string() })
        else { return nil }
        self.init(
            kind: kind, package: package, opam: opam, inputs: inputs, compiler: compiler, environment: environment,
            plugin: plugin, systemPackages: systemPackages, limits: limits, documentation: documentation,
            engine: engine, allowedOverwrites: overwrites)
    }
}

extension Job.Limits {
    fileprivate init?(_ reader: inout CanonicalReader) {
        self.init()
        let members: [(StaticString, WritableKeyPath<Self, Int?>)] = [
            ("disk", \.disk), ("log", \.log), ("memory", \.memory), ("silence", \.silence), ("time", \.time),
        ]
        for (key, member) in members {
            guard reader.optional(key, &self[keyPath: member], { $0.number() }) else { return nil }
        }
    }
}

extension Job.Plugin {
    fileprivate init?(_ reader: inout CanonicalReader) {
        guard reader.key("digest"), let digest = reader.digest(), reader.key("name"), let name = reader.string(),
            reader.key("version"), let version = reader.string()
        else { return nil }
        self.init(name: name, version: version, digest: digest)
    }
}
