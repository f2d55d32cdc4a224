/// The keys that a mapping of the language may have: what the decoder accepts, and what the JSON Schema in `docs/`
/// must say too.
package struct KeySchema: Sendable {
    /// As in the definitions of the schema.
    package let name: String
    package let keys: [String]
    /// With its article, for messages.
    package let title: String

    private init(_ name: String, _ title: String, _ keys: [String]) {
        self.name = name
        self.title = title
        self.keys = keys
    }

    package static let matrix = KeySchema(
        "matrix", "a matrix",
        [
            "extends", "deployment", "description", "repositories", "targets", "compilers", "packages", "sets", "pins",
            "with-test", "with-doc", "lower-bounds", "include", "exclude", "accept-failures", "limits", "schedule",
            "engine", "allow-overwrites",
        ])
    package static let repository = KeySchema(
        "repository", "a repository", ["url", "path", "ref", "commit", "priority", "targets", "compilers"])
    package static let target = KeySchema(
        "target", "a target", ["name", "plugin", "version", "arch", "options", "run", "engine", "required"])
    package static let compiler = KeySchema(
        "compiler", "a compiler", ["version", "system", "name", "packages", "targets"])
    package static let selection = KeySchema(
        "selection", "a selection of packages",
        [
            "name", "set", "file", "tag", "maintainer", "reverse-dependencies", "except", "depth", "versions",
            "optional",
            "targets",
            "compilers",
        ])
    package static let pin = KeySchema(
        "pin", "a pin", ["version", "opam", "url", "path", "ref", "checksum", "subpath"])
    package static let inclusion = KeySchema("inclusion", "an inclusion", ["cells", "reason"])
    package static let exclusion = KeySchema("exclusion", "an exclusion", ["cells", "reason"])
    package static let acceptedFailure = KeySchema(
        "accepted-failure", "an accepted failure", ["cells", "reason", "expires"])
    package static let limits = KeySchema(
        "limits", "limits", ["time", "silence", "memory", "disk", "log", "targets", "packages"])
    package static let limitSet = KeySchema(
        "limit-set", "limits of some jobs", ["time", "silence", "memory", "disk", "log"])
    package static let scheduleRule = KeySchema("schedule-rule", "a rule of the schedule", ["cells", "priority"])

    package static let all = [
        matrix, repository, target, compiler, selection, pin, inclusion, exclusion, acceptedFailure, limits, limitSet,
        scheduleRule,
    ]
}
