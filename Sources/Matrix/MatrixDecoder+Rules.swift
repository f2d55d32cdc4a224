internal import Core
internal import YAML

/// Decodes inclusions, exclusions, accepted failures, the schedule and limits.
extension MatrixDecoder {
    func cells(_ fields: [String: Node], _ node: Node, of schema: KeySchema) -> [Located<CellPattern>] {
        guard let list = fields["cells"] else {
            reader.report("\(schema.title) needs 'cells'", at: node.location, hint: "write \(Self.cellExample)")
            return []
        }
        return reader.listOrOne(list, "'cells'", of: "selector of cells") { node in
            guard let text = reader.text(node, "a selector of cells") else { return nil }
            guard let pattern = CellPattern(text.value) else {
                reader.report(
                    "'\(text.value)' selects no cells: expected TARGET/COMPILER/PACKAGE", at: node.location,
                    hint: "such as \(Self.cellExample)")
                return nil
            }
            return Located(pattern, at: node.location)
        }
    }

    private static let cellExample = "'cells: \"debian-*/*/lwt.*\"'"

    private func reason(_ fields: [String: Node], _ node: Node, of schema: KeySchema) -> String? {
        guard let reason = fields["reason"] else {
            reader.report(
                "\(schema.title) needs a 'reason'", at: node.location, hint: "a sentence for the result table")
            return nil
        }
        return reader.text(reason, "'reason'")?.value
    }

    func exclusion(_ node: Node) -> Exclusion? {
        guard let fields = reader.fields(node, KeySchema.exclusion.title, .exclusion) else { return nil }
        let cells = cells(fields, node, of: .exclusion)
        return reason(fields, node, of: .exclusion).map { Exclusion(cells: cells, reason: $0) }
    }

    func inclusions(_ node: Node) -> [Inclusion]? {
        guard let fields = reader.fields(node, KeySchema.inclusion.title, .inclusion) else { return nil }
        let reason = fields["reason"].flatMap { reader.text($0, "'reason'")?.value }
        return cells(fields, node, of: .inclusion).compactMap { cell in
            do throws(PackagePattern.Malformed) {
                return Inclusion(
                    target: Located(cell.value.target, at: cell.location), compiler: cell.value.compiler,
                    package: try PackagePattern(cell.value.package.pattern), reason: reason)
            } catch {
                reader.report(
                    "'\(cell.value.package)' is not a package: \(error.reason)", at: cell.location,
                    hint: "write its name, or NAME.VERSION")
                return nil
            }
        }
    }

    func acceptedFailure(_ node: Node) -> AcceptedFailure? {
        guard let fields = reader.fields(node, KeySchema.acceptedFailure.title, .acceptedFailure) else { return nil }
        let cells = cells(fields, node, of: .acceptedFailure)
        let expires = fields["expires"].flatMap { node -> Located<CalendarDate>? in
            guard let text = reader.text(node, "'expires'") else { return nil }
            guard let date = CalendarDate(text.value) else {
                reader.report(
                    "'expires' must be a date, found '\(text.value)'", at: node.location, hint: "write it as 2026-12-31"
                )
                return nil
            }
            return Located(date, at: node.location)
        }
        let signature = fields["signature"].flatMap { reader.text($0, "'signature'")?.value }
        let (phase, tracker) = (fields["phase"].flatMap(phase), fields["tracker"].flatMap(tracker))
        return reason(fields, node, of: .acceptedFailure).map {
            AcceptedFailure(
                cells: cells, reason: $0, expires: expires, phase: phase, signature: signature, tracker: tracker)
        }
    }

    private func phase(_ node: Node) -> String? {
        guard let text = reader.text(node, "'phase'") else { return nil }
        guard AcceptedFailure.phases.contains(text.value) else {
            let guess = nearest(to: text.value, in: AcceptedFailure.phases).map { "did you mean '\($0)'? " } ?? ""
            reader.report(
                "no phase is called '\(text.value)'", at: node.location,
                hint: guess + "phases are \(AcceptedFailure.phases.joined(separator: ", "))")
            return nil
        }
        return text.value
    }

    private func tracker(_ node: Node) -> String? {
        webAddress(node, "'tracker'", example: "https://example.org/project/issues/12")
    }

    /// An http or https URL.
    func webAddress(_ node: Node, _ what: String, example: String) -> String? {
        guard let text = reader.text(node, what) else { return nil }
        let isAddress =
            ["https://", "http://"].contains { text.value.hasPrefix($0) && text.value.count > $0.count }
            && !text.value.contains { $0.isWhitespace || $0 == "<" || $0 == ">" || $0 == "\"" }
        guard isAddress else {
            reader.report(
                "\(what) must be an address, found '\(text.value)'", at: node.location, hint: "such as '\(example)'")
            return nil
        }
        return text.value
    }

    func scheduleRule(_ node: Node) -> ScheduleRule? {
        guard let fields = reader.fields(node, KeySchema.scheduleRule.title, .scheduleRule) else { return nil }
        let cells = cells(fields, node, of: .scheduleRule)
        guard let priority = fields["priority"] else {
            reader.report("a rule of the schedule needs a 'priority'", at: node.location)
            return nil
        }
        return reader.integer(priority, "'priority'", in: -1_000_000...1_000_000).map {
            ScheduleRule(cells: cells, priority: $0)
        }
    }

    func overwriteRules(_ node: Node) -> [OverwriteRule] {
        let entries = reader.entries(node, "'allow-overwrites'")
        if entries.isEmpty, case .mapping = node.content {
            reader.report(
                "'allow-overwrites' is empty", at: node.location,
                hint: "write 'PACKAGE: [lib/ocaml/ld.conf]', or leave it out")
        }
        return entries.map { entry in
            let paths = reader.listOrOne(entry.value, "'\(entry.key)'", of: "path") {
                pathGlob($0, "below the switch's prefix", hint: "such as 'lib/ocaml/ld.conf' or 'lib/stublibs/*'")
            }
            return OverwriteRule(package: Located(Glob(entry.key), at: entry.keyLocation), paths: paths)
        }
    }

    /// A relative path with globs that does not leave a directory.
    ///
    /// - Parameter base: The directory in words, for the message.
    func pathGlob(_ node: Node, _ base: String, hint: String) -> Located<Glob>? {
        guard let text = reader.text(node, "a path") else { return nil }
        guard text.value.isPathInside else {
            reader.report("'\(text.value)' is not a path \(base)", at: node.location, hint: hint)
            return nil
        }
        return Located(Glob(text.value), at: node.location)
    }

    func limitTable(_ node: Node, targets: [Located<String>]) -> LimitTable {
        guard let fields = reader.fields(node, "'limits'", .limits) else { return LimitTable() }
        var table = LimitTable(all: limitSet(fields))
        table.targets = globbed(fields["targets"], "'limits: targets'")
        table.packages = globbed(fields["packages"], "'limits: packages'")
        if case .mapping(let entries)? = fields["targets"]?.content {
            check(entries.map { Located(Glob($0.key), at: $0.keyLocation) }, among: targets, kind: "target")
        }
        return table
    }

    private func globbed(_ node: Node?, _ what: String) -> [(glob: Located<Glob>, limits: LimitSet)] {
        guard let node else { return [] }
        return reader.entries(node, what).compactMap { entry in
            reader.fields(entry.value, "'\(entry.key)'", .limitSet).map {
                (Located(Glob(entry.key), at: entry.keyLocation), limitSet($0))
            }
        }
    }

    private func limitSet(_ fields: [String: Node]) -> LimitSet {
        let duration = { (key: String) in
            fields[key].flatMap {
                self.reader.quantity($0, "'\(key)'", units: Quantity.durationUnits, example: "'90s' or '2h'")
            }
        }
        let size = { (key: String) in
            fields[key].flatMap {
                self.reader.quantity($0, "'\(key)'", units: Quantity.sizeUnits, example: "'512MiB' or '4GiB'")
            }
        }
        return LimitSet(
            time: duration("time"), silence: duration("silence"), memory: size("memory"), disk: size("disk"),
            log: size("log"))
    }
}
