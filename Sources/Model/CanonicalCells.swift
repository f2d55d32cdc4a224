internal import Core

extension PlannedCell {
    /// Parses the cells of a document in canonical form; nil for any other form.
    package static func read(_ document: [UInt8]) -> [PlannedCell]? {
        let cells = CanonicalReader.document(document) { $0.array { $0.object { PlannedCell(&$0) } } }
        return cells?.isEmpty == true ? nil : cells
    }

    private init?(_ reader: inout CanonicalReader) {
        var (acceptance, accepted) = (Acceptance?.none, String?.none)
        var (cause, untested, provisional) = (UnsolvableCause?.none, String?.none, Bool?.none)
        guard reader.optional("acceptance", &acceptance, { $0.object { Acceptance(&$0) } }),
            reader.optional("accepted", &accepted, { $0.string() }),
            reader.key("basis"), let basis = reader.object({ Basis(&$0) }),
            reader.optional("cause", &cause, { $0.object { UnsolvableCause(&$0) } }),
            reader.key("cell"), let cell = reader.string().flatMap({ Cell($0) }),
            reader.key("priority"), let priority: Int = reader.number(),
            reader.optional("provisional", &provisional, { $0.boolean() }),
            reader.key("required"), let required = reader.boolean(),
            reader.optional("untested", &untested, { $0.string() })
        else { return nil }
        self.init(
            cell: cell, basis: basis, required: required, priority: priority, accepted: accepted,
            acceptance: acceptance, cause: cause, untested: untested, provisional: provisional)
    }
}

extension PlannedCell.Basis {
    fileprivate init?(_ reader: inout CanonicalReader) {
        if reader.key("jobs") {
            let jobs = reader.object { reader -> (build: Digest, test: Digest?)? in
                var test: Digest?
                guard reader.key("build"), let build = reader.digest(), reader.optional("test", &test, { $0.digest() })
                else { return nil }
                return (build, test)
            }
            guard let jobs else { return nil }
            self = .jobs(build: jobs.build, test: jobs.test)
        } else if reader.key("unsolvable") {
            let explanation = reader.object { $0.key("explanation") ? $0.string() : nil }
            guard let explanation else { return nil }
            self = .unsolvable(explanation: explanation)
        } else if reader.key("excluded") {
            guard let reason = reader.object({ $0.key("reason") ? $0.string() : nil }) else { return nil }
            self = .excluded(reason: reason)
        } else {
            return nil
        }
    }
}

extension Acceptance {
    fileprivate init?(_ reader: inout CanonicalReader) {
        self.init()
        guard reader.optional("phase", &phase, { $0.string().flatMap(Phase.init) }),
            reader.optional("signature", &signature, { $0.string() }),
            reader.optional("tracker", &tracker, { $0.string() })
        else { return nil }
    }
}

extension UnsolvableCause {
    fileprivate init?(_ reader: inout CanonicalReader) {
        guard reader.key("class"), let kind = reader.string().flatMap(Class.init),
            reader.key("package"), let package = reader.string(),
            reader.key("sentence"), let sentence = reader.string()
        else { return nil }
        self.init(kind, package: package, sentence: sentence)
    }
}
