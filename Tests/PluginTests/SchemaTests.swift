import Foundation
import PluginHost
import PluginMessages
import Testing

/// The published schema agrees with the types, and the plugins conform to the schema.
@Suite struct SchemaTests {
    private static let step = Step(
        "s", phase: .build, script: "true", place: .worker, user: .root, directory: "/", environment: ["A": "1"],
        network: true,
        limits: limits, cacheable: false, idempotent: true, unless: "true")
    private static let limits = StepLimits(time: 1, silence: 2, memory: 3, disk: 4, log: 5, processes: 6)
    private static let request = TargetRequest(
        target: "a-1", distribution: "a", version: "1", architecture: "x86_64", systemCompiler: true,
        opamClient: true, options: ["o": "v"])
    private static let option = PluginOption("o", .text, default: "v", choices: ["v"], summary: "s")
    private static let distribution = Distribution(
        name: "a", versions: ["1"], architectures: ["x86_64"], family: "f", shell: .korn,
        namesCompared: ["a-1": "2026-11-28"])
    private static let shell = Shell(path: "/bin/sh", arguments: ["-e"], family: .posix, elevation: ["doas"])
    private static let paths = Paths(home: "/h", opamRoot: "/o", build: "/b")
    private static let user = BuildUser(name: "u", uid: 1, gid: 2)
    private static let tool = Tool("t", packages: ["f": "p"])
    private static let environment = EnvironmentDescription(
        kind: .image, image: "i", bootstrap: [step], probe: step, tools: [tool], inputs: ["i": "1"], shell: shell,
        paths: paths,
        buildUser: user, environment: ["A": "1"])
    private static let machine = MachineDescription(
        disk: .scsi, network: .e1000, firmware: .uefi, processor: "max", seed: .nocloud, login: "l", setClock: "true")
    private static let package = SystemPackage("n", .mapped, packages: ["m"], reason: "r")
    private static let pattern = LogPattern(
        "p", .cError, "x", precedence: .likely, origin: .package, exclusion: "y", literals: ["x"], phase: .test,
        phases: [.test], following: 1, preceding: "z", class: "c", examples: [.init("x", "s")])

    private static let boot = InstallerBoot(
        "b", installer: true, network: true,
        dialogue: [DialogueStep([DialogueReply("t", send: "s", repeats: true)], timeLimit: 7)], failures: ["f"],
        timeLimit: 8)
    private static let recipe = MachineImageRecipe(
        source: .installerCD, verification: InstallerVerification(list: "l", signifyKey: "k"),
        diskSize: 1, memory: 2, login: "u", files: ["f": "x"], seed: SeedDisk(label: "l", files: ["f": "x"]),
        boots: [boot])

    /// One value of every type, with everything in it that can be.
    private static let values: [(name: String, value: any Codable & Sendable)] = [
        ("NoArguments", NoArguments()), ("Refusal", Refusal("m", hint: "h")), ("Step", step), ("StepLimits", limits),
        (
            "PluginDescription",
            PluginDescription(name: "a", version: "1", summary: "s", distributions: [distribution], options: [option])
        ),
        ("Distribution", distribution), ("PluginOption", option), ("TargetRequest", request),
        (
            "TargetDescription",
            TargetDescription(
                target: "a-1", variables: ["os": "a"], buildVariables: ["make": "m"], systemCompiler: "5",
                opamClient: "2", installedPackages: ["p"],
                environment: environment, machine: machine)
        ),
        ("MachineDescription", machine), ("EnvironmentDescription", environment), ("Tool", tool), ("Shell", shell),
        ("Paths", paths),
        ("BuildUser", user),
        ("SystemPackagesRequest", SystemPackagesRequest(target: request, names: ["n"])),
        ("SystemPackagesAnswer", SystemPackagesAnswer(packages: [package], steps: [step], versions: step)),
        ("SystemPackage", package),
        (
            "StepsRequest",
            StepsRequest(
                target: request, package: "p", version: "1", build: [["b"]], test: [["t"]], install: [["i"]],
                remove: [["r"]], sourceDirectory: "/s", prefix: "/p", environment: ["A": "1"])
        ),
        ("StepsAnswer", StepsAnswer(steps: [step])), ("PatternsAnswer", PatternsAnswer(patterns: [pattern])),
        ("LogPattern", pattern), ("Example", LogPattern.Example("x", "s")),
        (
            "MachineImageRequest",
            MachineImageRequest(target: request, installer: "i.iso", publicKey: "ssh-ed25519 A", server: "http://s")
        ),
        ("MachineImageRecipe", recipe), ("InstallerVerification", recipe.verification),
        ("SeedDisk", SeedDisk(label: "l", files: ["f": "x"])),
        ("InstallerBoot", boot), ("DialogueStep", boot.dialogue[0]), ("DialogueReply", boot.dialogue[0].replies[0]),
    ]

    @Test func everyTypeIsInTheSchemaWithItsProperties() throws {
        let schema = try Schema()
        #expect(schema.names == Set(Self.values.map(\.name)).union(["ShellFamily", "Phase"]))
        for (name, value) in Self.values {
            let json = try object(value)
            #expect(Set(json.keys) == Set(schema.properties(of: name).keys), "\(name)")
            #expect(schema.problems(of: json, as: schema[name]) == [], "\(name)")
        }
    }

    /// Without a property the type can be read exactly if the schema does not require it; of another type, never.
    @Test func requiredPropertiesAreThose() throws {
        let schema = try Schema()
        for (name, value) in Self.values {
            let json = try object(value)
            for key in json.keys {
                var less = json
                less[key] = nil
                let reads = canBeRead(value, from: less)
                #expect(reads != schema.required(of: name).contains(key), "\(name) without \(key)")
                var other = json
                other[key] = json[key] is [String: Any] ? "text" as Any : ["x": ["x"]]
                let readsOther = canBeRead(value, from: other)
                #expect(!readsOther, "\(name) with another \(key)")
                var more = json
                more["no-such-key"] = 1
                let readsMore = canBeRead(value, from: more)
                #expect(readsMore, "\(name) with a key from the future")
            }
        }
    }

    @Test func theSchemaHasTheSameWords() throws {
        let schema = try Schema()
        func words(_ name: String, _ property: String? = nil) -> [String]? {
            (property.map { schema.properties(of: name)[$0] ?? [:] } ?? schema[name])["enum"] as? [String]
        }
        #expect(words("ShellFamily") == ShellFamily.allCases.map(\.rawValue))
        #expect(words("Phase") == Step.Phase.allCases.map(\.rawValue))
        #expect(words("Step", "place") == Step.Place.allCases.map(\.rawValue))
        #expect(words("Step", "user") == Step.User.allCases.map(\.rawValue))
        #expect(words("PluginOption", "kind") == PluginOption.Kind.allCases.map(\.rawValue))
        #expect(words("EnvironmentDescription", "kind") == EnvironmentDescription.Kind.allCases.map(\.rawValue))
        #expect(words("SystemPackage", "status") == SystemPackage.Status.allCases.map(\.rawValue))
        #expect(words("LogPattern", "kind") == LogPattern.Kind.allCases.map(\.rawValue))
        #expect(words("LogPattern", "precedence") == LogPattern.Precedence.allCases.map(\.rawValue))
        #expect(words("LogPattern", "origin") == LogPattern.Origin.allCases.map(\.rawValue))
        #expect(
            Set(schema.calls.keys) == [
                PluginCalls.Describe.name, PluginCalls.Target.name, PluginCalls.SystemPackages.name,
                PluginCalls.Steps.name,
                PluginCalls.Patterns.name, PluginCalls.MachineImage.name,
            ])
        #expect(
            words("MachineImageRecipe", "source") == MachineImageRecipe.Source.allCases.map(\.rawValue))
    }

    @Test(arguments: ShippedPlugins.names) func answersAreValid(name: String) async throws {
        let schema = try Schema()
        let plugin = try await ShippedPlugins.catalog.plugin(named: name)
        func check(_ value: any Codable, _ call: String) throws {
            let answer = try #require(schema.calls[call]?["answer"])
            #expect(schema.problems(of: try object(value), as: answer) == [], "\(call)")
        }
        try check(try await plugin.describe(), "describe")
        try check(PatternsAnswer(patterns: try await plugin.patterns()), "patterns")
        for request in try await ShippedPlugins.requests(of: plugin) {
            try check(try await plugin.target(request), "target")
            try check(
                try await plugin.systemPackages(SystemPackagesRequest(target: request, names: ["gmp", "python3"])),
                "system-packages")
        }
    }

    private func object(_ value: any Codable) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: JSONEncoder().encode(value)) as? [String: Any])
    }

    private func canBeRead<Value: Codable>(_ value: Value, from json: [String: Any]) -> Bool {
        guard let data = try? JSONSerialization.data(withJSONObject: json) else { return false }
        return (try? JSONDecoder().decode(Value.self, from: data)) != nil
    }
}
