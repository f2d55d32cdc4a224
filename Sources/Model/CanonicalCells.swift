internal import Core

extension PlannedCell {
    /// The cells of a document in canonical form; nil for any other.
    package static func read(_ document: [UInt8]) -> [PlannedCell]? {
        var reader = CanonicalReader(document)
        guard reader.skip("[\n") else { return nil }
        var cells: [PlannedCell] = []
        repeat {
            guard let cell = PlannedCell(&reader) else { return nil }
            cells.append(cell)
        } while reader.skip(",\n")
        return reader.skip("\n]\n") && reader.isAtEnd ? cells : nil
    }

    private init?(_ reader: inout CanonicalReader) {
        guard reader.skip("  {\n") else { return nil }
        var accepted: String?
        if reader.skip("    \"accepted\" : ") {
            accepted = reader.string()
            guard accepted != nil, reader.skip(",\n") else { return nil }
        }
        guard reader.skip("    \"basis\" : {\n"), let basis = Basis(&reader),
            reader.skip("    },\n    \"cell\" : "), let cell = reader.string().flatMap({ Cell($0) }),
            reader.skip(",\n    \"priority\" : "), let priority = reader.number(),
            reader.skip(",\n    \"required\" : "), let required = reader.boolean()
        else { return nil }
        var untested: String?
        if reader.skip(",\n    \"untested\" : ") {
            untested = reader.string()
            guard untested != nil else { return nil }
        }
        guard reader.skip("\n  }") else { return nil }
        self.init(
            cell: cell, basis: basis, required: required, priority: priority, accepted: accepted, untested: untested)
    }
}

extension PlannedCell.Basis {
    fileprivate init?(_ reader: inout CanonicalReader) {
        if reader.skip("      \"jobs\" : {\n        \"build\" : ") {
            guard let build = reader.digest() else { return nil }
            var test: Digest?
            if reader.skip(",\n        \"test\" : ") {
                test = reader.digest()
                guard test != nil else { return nil }
            }
            self = .jobs(build: build, test: test)
        } else if reader.skip("      \"unsolvable\" : {\n        \"explanation\" : ") {
            guard let explanation = reader.string() else { return nil }
            self = .unsolvable(explanation: explanation)
        } else if reader.skip("      \"excluded\" : {\n        \"reason\" : ") {
            guard let reason = reader.string() else { return nil }
            self = .excluded(reason: reason)
        } else {
            return nil
        }
        guard reader.skip("\n      }\n") else { return nil }
    }
}
