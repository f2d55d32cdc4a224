import PluginKit
import Testing

/// A request may contain exactly the values in the description; the messages are pinned.
@Suite struct CheckedRequestTests {
    static let description = PluginDescription(
        name: "haiku", version: "1", summary: "s",
        distributions: [
            Distribution(
                name: "haiku", versions: ["1", "2"], architectures: ["x86_64"], family: "haiku", shell: .bash),
            Distribution(
                name: "rolling", versions: [], architectures: ["x86_64", "arm64"], family: "haiku", shell: .bash),
        ],
        options: [
            PluginOption("jobs", .integer, default: "2", summary: "s"),
            PluginOption("fast", .boolean, default: "false", summary: "s"),
            PluginOption("packages", .words, default: "", summary: "s"),
            PluginOption("flavour", .text, choices: ["a", "b"], summary: "s"),
        ])

    static func request(
        _ distribution: String = "haiku", _ version: String? = "1", _ architecture: String = "x86_64",
        _ options: [String: String] = [:]
    ) -> TargetRequest {
        TargetRequest(
            target: version.map { "\(distribution)-\($0)" } ?? distribution, distribution: distribution,
            version: version,
            architecture: architecture, options: options)
    }

    @Test func defaultsFillIn() throws {
        let plain = try CheckedRequest(Self.request(), for: Self.description)
        #expect(plain["jobs"] == "2")
        #expect(plain["flavour"] == nil)
        #expect(!plain.isOn("fast"))
        #expect(plain.words("packages") == [])
        let options = ["jobs": "8", "fast": "true", "packages": " a  b ", "flavour": "b"]
        let set = try CheckedRequest(Self.request("haiku", "2", "x86_64", options), for: Self.description)
        #expect(set["jobs"] == "8")
        #expect(set.isOn("fast"))
        #expect(set.words("packages") == ["a", "b"])
        #expect(set["flavour"] == "b")
        #expect(set.version == "2")
        #expect(try CheckedRequest(Self.request("rolling", nil, "arm64"), for: Self.description).version == "")
    }

    static let wrong: [(TargetRequest, String)] = [
        (request("beos"), "'beos' is not one of its distributions: haiku, rolling"),
        (
            request("haiku", "3"),
            "target 'haiku-3': expected a version of haiku, found '3'\n  hint: known are haiku-1, haiku-2"
        ),
        (
            request("haiku", nil),
            "target 'haiku': expected a version of haiku, found 'none'\n  hint: known are haiku-1, haiku-2"
        ),
        (request("rolling", "1"), "rolling has no versions, found '1'\n  hint: name the target 'rolling'"),
        (
            request("haiku", "1", "arm64"),
            "target 'haiku-1': expected one of the architectures x86_64, found 'arm64'"
        ),
        (
            request("haiku", "1", "x86_64", ["job": "1"]),
            "target 'haiku-1': unknown option 'job'\n  hint: the options are jobs, fast, packages, flavour"
        ),
        (
            request("haiku", "1", "x86_64", ["jobs": "-1"]),
            "target 'haiku-1': option 'jobs': expected decimal digits, found '-1'"
        ),
        (
            request("haiku", "1", "x86_64", ["fast": "yes"]),
            "target 'haiku-1': option 'fast': expected true or false, found 'yes'"
        ),
        (
            request("haiku", "1", "x86_64", ["flavour": "c"]),
            "target 'haiku-1': option 'flavour': expected one of a, b, found 'c'"
        ),
        (
            request("haiku", "1", "x86_64", ["packages": "a\nb"]),
            "target 'haiku-1': option 'packages': expected one line of text, found a control character"
        ),
    ]

    @Test(arguments: wrong.indices) func undescribedOptionsAreRejected(index: Int) {
        let (request, message) = Self.wrong[index]
        #expect { try CheckedRequest(request, for: Self.description) } throws: { "\($0)" == message }
    }
}
