package import Core

/// Parses one YAML document into nodes, using libyaml's events.
///
/// Aliases share the nodes of their anchor, so that they cost no memory. The nodes of an alias are counted each time it
/// is used, and a document that expands beyond the limits is rejected.
///
/// - SeeAlso: `docs/decisions/0040-yaml-events.md`
package struct YAMLReader {
    /// The maximum number of nodes of a document; those of aliases are counted at each use.
    package static let nodeLimit = 100_000
    /// The maximum nesting depth of lists and mappings.
    package static let depthLimit = 32

    private let text: SourceText
    private let title: String
    private let example: String
    private var events: EventStream
    private var anchors: [String: Node] = [:]
    private var openAnchors: Set<String> = []
    private(set) var diagnostics: [Diagnostic] = []

    /// The document of `text` and its errors in textual order.
    ///
    /// - Parameters:
    ///   - title: what the document is, with its article, for messages: "a matrix".
    ///   - example: the beginning of such a document, for the message about an empty file.
    /// - Returns: no document after an error that makes the rest meaningless.
    /// - Complexity: O(bytes of the text).
    package static func read(
        _ text: SourceText, as title: String, example: String
    ) -> (document: Node?, diagnostics: [Diagnostic]) {
        if let location = text.invalid {
            let problem = Diagnostic(
                .error, "bytes that are not text in the file's encoding", at: location,
                excerpt: text.line(location.line),
                hint: "save the file in UTF-8")
            return (nil, [problem])
        }
        return text.bytes.withUnsafeBufferPointer { bytes in
            var reader = YAMLReader(text: text, title: title, example: example, events: EventStream(bytes))
            do {
                return (try reader.document(), reader.diagnostics)
            } catch let stop as FatalError {
                return (nil, reader.diagnostics + stop.diagnostics)
            } catch {
                return (nil, reader.diagnostics + [Diagnostic(.error, "\(error)")])
            }
        }
    }

    private init(text: SourceText, title: String, example: String, events: EventStream) {
        self.text = text
        self.title = title
        self.example = example
        self.events = events
    }

    /// An error after which parsing cannot continue.
    private struct FatalError: Error {
        var diagnostics: [Diagnostic]
    }

    private mutating func next() throws -> Event {
        do {
            return try events.next()
        } catch let problem as YAMLProblem {
            throw FatalError(diagnostics: explained(problem))
        }
    }

    private mutating func document() throws -> Node {
        _ = try next()  // the start of the stream
        guard case .documentStart = try next().kind else {
            throw FatalError(diagnostics: [
                Diagnostic(
                    .error, "the file is empty: expected \(title)", at: location(1, 1),
                    hint: "\(title) begins with '\(example)'")
            ])
        }
        let root = try node(try next(), depth: 0)
        _ = try next()  // the end of the document
        let after = try next()
        if case .documentStart = after.kind {
            throw stop("a second document begins here: expected one", at: after.location(in: text.file))
        }
        return root
    }

    private mutating func node(_ event: Event, depth: Int) throws -> Node {
        let location = event.location(in: text.file)
        guard depth <= Self.depthLimit else {
            throw stop("more than \(Self.depthLimit) lists and mappings within each other", at: location)
        }
        switch event.kind {
        case .scalar(let value, let isPlain):
            return anchored(
                event, Node(content: .scalar(value, isPlain: isPlain), location: location, weight: 1))
        case .alias(let name):
            return try aliased(name, at: location)
        case .sequenceStart:
            if let anchor = event.anchor { openAnchors.insert(anchor) }
            return anchored(event, try sequence(at: location, depth: depth))
        case .mappingStart:
            if let anchor = event.anchor { openAnchors.insert(anchor) }
            return anchored(event, try mapping(at: location, depth: depth))
        case .streamStart, .streamEnd, .documentStart, .documentEnd, .sequenceEnd, .mappingEnd:
            throw stop("expected a value", at: location)
        }
    }

    private mutating func anchored(_ event: Event, _ node: Node) -> Node {
        if let anchor = event.anchor {
            anchors[anchor] = node
            openAnchors.remove(anchor)
        }
        return node
    }

    private func aliased(_ name: String, at location: SourceLocation) throws -> Node {
        if openAnchors.contains(name) {
            throw stop("alias '*\(name)' refers to itself", at: location, hint: "move it out of '&\(name)'")
        }
        guard let node = anchors[name] else {
            let known = nearest(to: name, in: Array(anchors.keys)).map { "did you mean '*\($0)'?" }
            throw stop(
                "alias '*\(name)' has no anchor above it", at: location,
                hint: known ?? "write '&\(name)' where it is defined")
        }
        return node
    }

    private mutating func sequence(at location: SourceLocation, depth: Int) throws -> Node {
        var elements: [Node] = []
        var weight = 1
        while true {
            let event = try next()
            if case .sequenceEnd = event.kind { break }
            let element = try node(event, depth: depth + 1)
            elements.append(element)
            weight = try grown(weight, by: element, at: event.location(in: text.file))
        }
        return Node(content: .sequence(elements), location: location, weight: weight)
    }

    private mutating func mapping(at location: SourceLocation, depth: Int) throws -> Node {
        var entries = MappingEntries()
        var weight = 1
        while true {
            let event = try next()
            if case .mappingEnd = event.kind { break }
            let key = try node(event, depth: depth + 1)
            let value = try node(try next(), depth: depth + 1)
            weight = try grown(weight + 1, by: value, at: value.location)
            guard case .scalar(let name, let isPlain) = key.content else {
                report("a key must be a text, found \(key.kind)", at: key.location)
                continue
            }
            if isPlain, name == "<<" {
                merge(value, into: &entries)
            } else if let earlier = entries.add(Node.Entry(key: name, keyLocation: key.location, value: value)) {
                report(
                    "key '\(name)' is repeated in one mapping, first in line \(earlier.line)", at: key.location,
                    hint: "keep one of them")
            }
        }
        return Node(content: .mapping(entries.all), location: location, weight: weight)
    }

    /// YAML's merge key: adds the entries of one or several mappings that are not given here.
    private mutating func merge(_ value: Node, into entries: inout MappingEntries) {
        switch value.content {
        case .mapping(let others):
            entries.addDefaults(others)
        case .sequence(let sources):
            for source in sources { merge(source, into: &entries) }
        case .scalar:
            report("'<<' needs a mapping, found \(value.kind)", at: value.location, hint: "write '<<: *ANCHOR'")
        }
    }

    private func grown(_ weight: Int, by node: Node, at location: SourceLocation) throws -> Int {
        let sum = weight + node.weight
        guard sum <= Self.nodeLimit else {
            throw stop(
                "the document has more than \(Self.nodeLimit) values once its aliases are expanded", at: location,
                hint: "use fewer aliases of aliases")
        }
        return sum
    }

    private mutating func report(_ message: String, at location: SourceLocation, hint: String? = nil) {
        diagnostics.append(contentsOf: stop(message, at: location, hint: hint).diagnostics)
    }

    private func stop(_ message: String, at location: SourceLocation, hint: String? = nil) -> FatalError {
        FatalError(diagnostics: [
            Diagnostic(.error, message, at: location, excerpt: text.line(location.line), hint: hint)
        ])
    }

    private func location(_ line: Int, _ column: Int) -> SourceLocation {
        SourceLocation(file: text.file, line: line, column: column)
    }

    /// libyaml's error in our words; tabs in the indentation, the most common cause, are reported individually.
    private func explained(_ problem: YAMLProblem) -> [Diagnostic] {
        let tabs = text.indentingTabs()
        if tabs.contains(where: { $0.line == problem.line }) || problem.message.contains("tab") {
            let locations = tabs.isEmpty ? [location(problem.line, problem.column)] : tabs
            return locations.prefix(20).flatMap { location in
                stop("a tab in the indentation", at: location, hint: "YAML indents with spaces only").diagnostics
            }
        }
        if let offset = problem.offset {
            return stop("invalid YAML: \(problem.message)", at: text.location(ofByte: offset)).diagnostics
        }
        var message = "invalid YAML: \(problem.message)"
        if let context = problem.context {
            message += " \(context)"
            if let line = problem.contextLine, line != problem.line {
                message += " that begins in line \(line)"
            }
        }
        return stop(message, at: location(problem.line, problem.column)).diagnostics
    }
}

/// The entries of a mapping that is being parsed, with the defaults from merge keys.
private struct MappingEntries {
    private(set) var all: [Node.Entry] = []
    private var positions: [String: Int] = [:]
    private var defaults: Set<String> = []

    /// Adds an entry; if its key exists, keeps the existing entry and returns its position.
    mutating func add(_ entry: Node.Entry) -> SourceLocation? {
        if let position = positions[entry.key] {
            guard defaults.remove(entry.key) != nil else { return all[position].keyLocation }
            all[position] = entry
            return nil
        }
        positions[entry.key] = all.count
        all.append(entry)
        return nil
    }

    /// Adds the entries whose keys do not exist yet.
    mutating func addDefaults(_ entries: [Node.Entry]) {
        for entry in entries where positions[entry.key] == nil {
            positions[entry.key] = all.count
            all.append(entry)
            defaults.insert(entry.key)
        }
    }
}
