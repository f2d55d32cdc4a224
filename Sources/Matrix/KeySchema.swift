/// The allowed keys of a mapping in a matrix, which must agree with the JSON Schema in `docs/`.
package struct KeySchema: Sendable {
    /// The name of the definition in the JSON Schema.
    package let name: String
    /// The allowed keys, in the order of the documentation.
    package let keys: [String]
    /// The name with its article, for messages.
    package let title: String

    private init(_ name: String, _ title: String, _ keys: [String]) {
        self.name = name
        self.title = title
        self.keys = keys
    }

    /// The top level of a matrix.
    package static let matrix = KeySchema(
        "matrix", "a matrix",
        [
            "extends", "deployment", "description", "repositories", "targets", "compilers", "packages", "sets", "pins",
            "with-test", "with-doc", "lower-bounds", "include", "exclude", "accept-failures", "limits", "schedule",
            "engine", "allow-overwrites", "confirm", "notify", "unikernels",
        ])
    /// An entry of `repositories:`.
    package static let repository = KeySchema(
        "repository", "a repository", ["url", "path", "ref", "commit", "priority", "targets", "compilers"])
    /// An entry of `targets:` that is a mapping.
    package static let target = KeySchema(
        "target", "a target",
        [
            "name", "plugin", "image", "version", "arch", "options", "run", "checksum", "machine", "labels", "engine",
            "required",
        ])
    /// The value of `machine:` of a target.
    package static let machine = KeySchema(
        "machine", "a machine",
        [
            "memory", "cpus", "processor", "disk", "network", "firmware", "seed", "login", "key", "kernel", "initrd",
            "append", "boot-time",
        ])
    /// An entry of `compilers:` that is a mapping.
    package static let compiler = KeySchema(
        "compiler", "a compiler", ["version", "system", "name", "packages", "targets"])
    /// An entry of `packages:` or of a set.
    package static let selection = KeySchema(
        "selection", "a selection of packages",
        [
            "name", "set", "file", "tag", "maintainer", "reverse-dependencies", "except", "depth", "versions",
            "optional", "targets", "compilers",
        ])
    /// A value of `pins:`.
    package static let pin = KeySchema(
        "pin", "a pin", ["version", "opam", "url", "path", "ref", "checksum", "subpath"])
    /// An entry of `unikernels:`.
    package static let unikernel = KeySchema(
        "unikernel", "a unikernel",
        [
            "name", "source", "subpath", "configure-files", "backends", "configure", "run", "targets", "compilers",
        ])
    /// The options for running the image of a backend.
    package static let unikernelRun = KeySchema(
        "unikernel-run", "the run of a unikernel", ["time", "expect", "status", "arguments", "memory"])
    /// An entry of `include:`.
    package static let inclusion = KeySchema("inclusion", "an inclusion", ["cells", "reason"])
    /// An entry of `exclude:`.
    package static let exclusion = KeySchema("exclusion", "an exclusion", ["cells", "reason"])
    /// An entry of `accept-failures:`.
    package static let acceptedFailure = KeySchema(
        "accepted-failure", "an accepted failure", ["cells", "reason", "expires", "phase", "signature", "tracker"])
    /// The value of `limits:`.
    package static let limits = KeySchema(
        "limits", "limits", ["time", "silence", "memory", "disk", "log", "targets", "packages"])
    /// Limits of the targets or packages that a glob matches.
    package static let limitSet = KeySchema(
        "limit-set", "limits of some jobs", ["time", "silence", "memory", "disk", "log"])
    /// An entry of `schedule:`.
    package static let scheduleRule = KeySchema("schedule-rule", "a rule of the schedule", ["cells", "priority"])
    /// The value of `notify:`.
    package static let notices = KeySchema("notify", "notices", ["mail", "operator", "webhooks", "statuses"])
    /// An entry of `notify: mail:`.
    package static let noticeRecipient = KeySchema(
        "notice-recipient", "a recipient of notices", ["to", "cells", "maintainer", "tag"])
    /// An entry of `notify: statuses:`.
    package static let noticeStatus = KeySchema(
        "notice-status", "a status of commits", ["github", "gitlab", "forgejo"])

    /// All schemas.
    package static let all = [
        matrix, repository, target, machine, compiler, selection, pin, unikernel, unikernelRun, inclusion, exclusion,
        acceptedFailure, limits, limitSet, scheduleRule, notices, noticeRecipient, noticeStatus,
    ]
}
