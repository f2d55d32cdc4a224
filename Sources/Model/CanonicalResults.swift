package import Core

extension CellResult {
    /// Parses a part of an index in canonical form into results by their paths; nil for any other form.
    package static func readIndex(_ document: [UInt8]) -> [(path: String, result: CellResult)]? {
        CanonicalReader.document(document) { $0.dictionary { $0.object { CellResult(&$0) } } }?
            .map { (path: $0.key, result: $0.value) }
    }

    package init?(_ reader: inout CanonicalReader) {
        var (attempts, change) = (Int?.none, ResultChange?.none)
        var (base, blockedBy) = (Digest?.none, PackageVersion?.none)
        var (blockedByJob, blockedChain) = (Digest?.none, [PackageVersion]?.none)
        var built: PreviousVerdict?
        guard reader.optional("attempts", &attempts, { $0.number() }),
            reader.optional("base", &base, { $0.digest() }),
            reader.optional("blockedBy", &blockedBy, { $0.package() }),
            reader.optional("blockedByJob", &blockedByJob, { $0.digest() }),
            reader.optional("blockedChain", &blockedChain, { $0.array { $0.package() } }),
            reader.optional("built", &built, { $0.object { PreviousVerdict(&$0) } }),
            reader.key("cell"), let cell = reader.string().flatMap({ Cell($0) }),
            reader.optional("change", &change, { $0.string().flatMap(ResultChange.init) })
        else { return nil }
        self.init(cell: cell, job: nil, outcome: .success, repositories: [])
        (self.attempts, self.base, self.change, self.built) = (attempts, base, change, built)
        (self.blockedBy, self.blockedByJob, self.blockedChain) = (blockedBy, blockedByJob, blockedChain)
        guard reader.optional("confirmation", &confirmation, { $0.array { $0.object { Execution(&$0) } } }),
            reader.optional("duration", &duration, { $0.double() }),
            reader.optional("durations", &durations, { $0.object { Durations(&$0) } }),
            reader.optional("error", &error, { $0.object { LoggedError(&$0) } }),
            reader.optional("execution", &execution, { $0.string() }),
            reader.optional("failedAttempts", &failedAttempts, { $0.array { $0.object { FailedAttempt(&$0) } } }),
            reader.optional("finished", &finished, { $0.number() }),
            reader.optional("generated", &generated, { $0.string() }),
            reader.optional("image", &image, { $0.object { Image(&$0) } }),
            reader.optional("job", &job, { $0.digest() }), reader.optional("layer", &layer, { $0.digest() }),
            reader.optional("log", &log, { $0.digest() }), reader.optional("machine", &machine, { $0.string() }),
            reader.key("outcome"), let outcome = reader.string().flatMap(Outcome.init),
            reader.optional("overwrites", &overwrites, { $0.array { $0.object { Overwrite(&$0) } } }),
            reader.optional("phase", &phase, { $0.string().flatMap(Phase.init) }),
            reader.optional("plugin", &plugin, { $0.string() }),
            reader.optional("previous", &previous, { $0.object { PreviousVerdict(&$0) } }),
            reader.optional("reason", &reason, { $0.string() }),
            reader.key("repositories"), let repositories = reader.array({ $0.string() }),
            reader.optional("run", &run, { $0.number() }),
            reader.optional("signature", &signature, { $0.string() }),
            reader.optional("systemPackages", &systemPackages, { $0.array { $0.string() } })
        else { return nil }
        (self.outcome, self.repositories) = (outcome, repositories)
    }
}

extension CanonicalReader {
    fileprivate mutating func package() -> PackageVersion? { string().flatMap { PackageVersion($0) } }
}

extension CellResult.Execution {
    init?(_ reader: inout CanonicalReader) {
        var (log, phase, reason) = (Digest?.none, Phase?.none, String?.none)
        var error: CellResult.LoggedError?
        guard reader.optional("error", &error, { $0.object { CellResult.LoggedError(&$0) } }),
            reader.optional("log", &log, { $0.digest() }), reader.key("outcome"),
            let outcome = reader.string().flatMap(Outcome.init),
            reader.optional("phase", &phase, { $0.string().flatMap(Phase.init) }),
            reader.optional("reason", &reason, { $0.string() })
        else { return nil }
        self.init(outcome: outcome, phase: phase, reason: reason, log: log, error: error)
        guard reader.optional("signature", &signature, { $0.string() }) else { return nil }
    }
}

extension CellResult.Image {
    init?(_ reader: inout CanonicalReader) {
        var (abi, devices) = (Int?.none, [String]?.none)
        guard reader.optional("abi", &abi, { $0.number() }),
            reader.key("backend"), let backend = reader.string(),
            reader.optional("devices", &devices, { $0.array { $0.string() } }),
            reader.key("digest"), let digest = reader.digest(), reader.key("path"), let path = reader.string(),
            reader.key("size"), let size: Int = reader.number()
        else { return nil }
        self.init(backend: backend, abi: abi, devices: devices, digest: digest, path: path, size: size)
    }
}

extension CellResult.Durations {
    init?(_ reader: inout CanonicalReader) {
        self.init()
        guard reader.optional("environment", &environment, { $0.double() }), reader.key("phases"),
            let phases = reader.dictionary({ $0.double() }),
            reader.optional("queued", &queued, { $0.double() })
        else { return nil }
        self.phases = Dictionary(phases.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
    }
}

extension PreviousVerdict {
    fileprivate init?(_ reader: inout CanonicalReader) {
        guard reader.key("outcome"), let outcome = reader.string().flatMap(Outcome.init),
            reader.key("package"), let package = reader.string().flatMap({ PackageVersion($0) })
        else { return nil }
        self.init(package: package, outcome: outcome)
        guard reader.optional("phase", &phase, { $0.string().flatMap(Phase.init) }),
            reader.optional("run", &run, { $0.number() }), reader.optional("signature", &signature, { $0.string() })
        else { return nil }
    }
}

extension CellResult.LoggedError {
    init?(_ reader: inout CanonicalReader) {
        guard reader.key("class"), let failureClass = reader.string(), reader.key("excerpt"),
            let excerpt = reader.string(), reader.key("kind"), let kind = reader.string()
        else { return nil }
        self.init(kind: kind, origin: "", isWeak: false, failureClass: failureClass, excerpt: excerpt)
        guard reader.optional("length", &length, { $0.number() }), reader.optional("line", &line, { $0.number() }),
            reader.optional("offset", &offset, { $0.number() }), reader.key("origin"), let origin = reader.string(),
            reader.optional("pattern", &pattern, { $0.string() }), reader.key("weak"), let isWeak = reader.boolean()
        else { return nil }
        (self.origin, self.isWeak) = (origin, isWeak)
    }
}

extension CellResult.FailedAttempt {
    fileprivate init?(_ reader: inout CanonicalReader) {
        var (log, error) = (Digest?.none, CellResult.LoggedError?.none)
        guard reader.optional("error", &error, { $0.object { CellResult.LoggedError(&$0) } }),
            reader.optional("log", &log, { $0.digest() }), reader.key("reason"), let reason = reader.string()
        else { return nil }
        self.init(reason: reason, log: log, error: error)
    }
}

extension CellResult.Overwrite {
    init?(_ reader: inout CanonicalReader) {
        guard reader.key("owner"), let owner = reader.string(), reader.key("path"), let path = reader.string() else {
            return nil
        }
        self.init(path: path, owner: owner)
    }
}
