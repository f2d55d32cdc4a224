import Foundation
import PluginHost
import PluginMessages
import PluginTools
import TestSupport
import Testing

/// Mistakes of authors, each planted in the example of a plugin in C, which conforms without them: the check finds
/// every one, with location and remedy.
@Suite struct PlantedMistakeTests {
    struct Mistake: Sendable, CustomTestStringConvertible {
        var what: String
        /// Text of the example, and what replaces it; in C, where quotes of JSON are `\"`.
        var changes: [(String, String)]
        /// The check that finds it.
        var check: String
        /// The contents of the message: the location and the remedy.
        var words: [String]

        var testDescription: String { what }

        init(_ what: String, _ changes: [(String, String)], _ check: String, _ words: String...) {
            self.what = what
            self.changes = changes.map { (Self.inC($0.0), Self.inC($0.1)) }
            self.check = check
            self.words = words
        }

        /// JSON as the example has it in a text of C; `@` is the plugin's name.
        private static func inC(_ json: String) -> String {
            json.replacing("\"", with: "\\\"").replacing("@", with: "\" NAME \"")
        }

        /// Changes of the C itself.
        init(_ what: String, inC changes: [(String, String)], _ check: String, _ words: String...) {
            (self.what, self.changes, self.check, self.words) = (what, changes, check, words)
        }

        /// The script of the example's bootstrap step becomes `script`.
        init(script: String, _ words: String...) {
            what = "script: \(script)"
            changes = [
                (
                    #""\"script\":\"cd /var && mkdir -p ciso/home ciso/opam ciso/build && ""#,
                    #""\"script\":\"\#(script.replacing("\\", with: #"\\\\"#).replacing("\"", with: #"\\\""#))\\ncd /var && mkdir -p ciso/home ciso/opam ciso/build && ""#
                )
            ]
            check = "shell dialect"
            self.words = words
        }
    }

    static let mistakes: [Mistake] = [
        // JSON
        Mistake(
            "a trailing comma", [(#""family":"posix"},"#, #""family":"posix",},"#)], "target",
            "a comma before '}'; remove it"),
        Mistake(
            "a key twice", [(#""kind":"host","#, #""kind":"host","kind":"host","#)], "target",
            "the key 'kind' occurs twice; remove one"),
        Mistake("a comma too few", [(#""kind":"host","#, #""kind":"host" "#)], "target", "expected ',' or '}'"),
        Mistake(
            "a misspelt optional key of a step", [(#""idempotent":true"#, #""idempotnet":true"#)], "target",
            "environment.bootstrap[0].idempotnet", "did you mean 'idempotent'?"),
        Mistake(
            "a misspelt optional key of a description", [(#""family":"@"#, #""optoins":[],"family":"@"#)],
            "describe", "distributions[0].optoins", "did you mean 'options'?"),
        Mistake(
            "a misspelt key of an answer's package",
            [(#""user":"root","network":true,"#, #""user":"root","netwrok":true,"#)], "system-packages",
            "steps[0].netwrok", "did you mean 'network'?"),
        Mistake(
            "a null", [(#""kind":"host","#, #""kind":"host","probe":null,"#)], "target",
            "environment.probe: null; leave"),
        Mistake(
            "a text for a boolean", [(#""idempotent":true"#, #""idempotent":"yes""#)], "target",
            "idempotent: expected true or false"),
        Mistake(
            "a text for a number", [(#""name":"ciso"}"#, #""name":"ciso","uid":"1000"}"#)], "target", "uid",
            "expected a whole number"),
        // The description
        Mistake(
            "an architecture of Debian's",
            [(#"["x86_64"]"#, #"["amd64"]"#), (#""architecture" : "x86_64"#, #""architecture" : "amd64"#)],
            "describe", "distributions: 'minimal': architectures", "did you mean 'x86_64'?"),
        Mistake(
            "an architecture that does not exist", [(#"["x86_64"]"#, #"["x86_64","riscv46"]"#)], "describe",
            "'riscv46' is not an architecture", "did you mean 'riscv"),
        Mistake(
            "a target twice", [(#""versions":["1"]"#, #""versions":["1","1"]"#)], "describe",
            "the target 'minimal-1' occurs twice"),
        Mistake(
            "the newest version first", [(#""versions":["1"]"#, #""versions":["10","9","1"]"#)], "describe",
            "expected the oldest first, found '10' before '9'"),
        Mistake(
            "a version with a space", [(#""versions":["1"]"#, #""versions":["1 "]"#)], "describe",
            "versions: expected letters"),
        Mistake(
            "a version that is not canonical", inC: [(#"VERSION "1.0.0""#, #"VERSION "v01""#)], "describe",
            "version: expected numbers"),
        Mistake(
            "an unknown shell", [(#""shell":"posix"}"#, #""shell":"fish"}"#)], "describe", "shell",
            "'fish' is none of the values"),
        Mistake(
            "an option without a summary",
            [(#""shell":"posix"}]"#, #""shell":"posix"}],"options":[{"name":"o","kind":"text","summary":""}]"#)],
            "describe", "options: 'o' has no summary"),
        Mistake(
            "a default that is no choice",
            [
                (
                    #""shell":"posix"}]"#,
                    #""shell":"posix"}],"options":[{"name":"o","kind":"text","summary":"s","choices":["a"],"defaultValue":"b"}]"#
                )
            ], "describe", "options: 'o': defaultValue: expected one of 'choices', found 'b'"),
        Mistake(
            "a comparison on no day",
            [(#""shell":"posix"}]"#, #""shell":"posix","namesCompared":{"minimal-2":"2026-02-30"}}]"#)], "describe",
            "there is no target 'minimal-2'; did you mean 'minimal-1'?", "expected a day as 2026-11-28"),
        // Targets
        Mistake(
            "another release's version", [(#""os-version":"1""#, #""os-version":"2""#)], "target",
            "'os-version': expected a version of '1'"),
        Mistake(
            "another architecture", [(#""arch":"x86_64""#, #""arch":"arm64""#)], "target", "'arch': expected 'x86_64'"),
        Mistake(
            "no version", [(#""os-version":"1""#, #""os-version":"""#)], "target", "expected a value for 'os-version'"),
        Mistake(
            "another family", [(#""os-family":"@"#, #""os-family":"un@"#)], "target",
            "'os-family': expected 'minimal'"),
        Mistake(
            "another shell", [(#""path":"/bin/sh","family":"posix""#, #""path":"/bin/sh","family":"bash""#)], "target",
            "shell: family: expected 'posix'"),
        Mistake(
            "a shell that goes on after a failure",
            [(#""path":"/bin/sh","family""#, #""path":"/bin/sh","arguments":["-u"],"family""#)], "target",
            "shell: arguments: expected -e"),
        Mistake(
            "a step without a user", [(#""user":"root","idempotent""#, #""idempotent""#)], "target",
            "environment.bootstrap[0]: a step that prepares the system has no 'user'"),
        Mistake(
            "an unknown phase", [(#""phase":"bootstrap""#, #""phase":"boot""#)], "target", "phase",
            "'boot' is none of the values"),
        Mistake(
            "a phase out of place", [(#""phase":"bootstrap""#, #""phase":"build""#)], "target",
            "step 'make-directories': the phase 'build' is not allowed here"),
        Mistake(
            "an unknown network", [(#""idempotent":true"#, #""network":"offline","idempotent":true"#)], "target",
            "network: expected true or false"),
        Mistake(
            "a limit of nothing", [(#""idempotent":true"#, #""limits":{"time":0},"idempotent":true"#)], "target",
            "limits: time: expected 1 to 604800 seconds, found 0"),
        Mistake(
            "a negative limit", [(#""idempotent":true"#, #""limits":{"memory":-5},"idempotent":true"#)], "target",
            "limits: memory: expected 1 to"),
        Mistake(
            "a malformed variable", [(#""idempotent":true"#, #""environment":{"A-B":"1"},"idempotent":true"#)],
            "target",
            "'A-B' is not a valid name of an environment variable"),
        Mistake(
            "a relative path", [(#""/var/ciso/build""#, #""var/ciso/build""#)], "target",
            "build: expected an absolute path"),
        Mistake(
            "one path for two", [(#""build":"/var/ciso/build""#, #""build":"/var/ciso/opam""#)], "target",
            "paths: 'build' and 'opamRoot' are both"),
        Mistake(
            "a builder who is root", [(#""buildUser":{"name":"ciso"}"#, #""buildUser":{"name":"root"}"#)], "target",
            "the build user is root"),
        Mistake(
            "an empty script",
            [
                (
                    #"{"name":"make-directories","#,
                    #"{"name":"nothing","phase":"bootstrap","user":"root","script":"  # nothing\\n"},{"name":"make-directories","#
                )
            ],
            "target", "step 'nothing': the script is empty: expected commands"),
        Mistake(
            "a root that nothing fills", [(#""kind":"host""#, #""kind":"root-file-system""#)], "target",
            "no step fills the root file system"),
        Mistake(
            "a tool that is not listed",
            [
                (
                    #""kind":"host","bootstrap":["#,
                    #""kind":"root-file-system","bootstrap":[{"name":"fill","phase":"bootstrap","place":"worker","user":"root","script":"if true; then curl -o x y | tar x; fi\\n"},"#
                )
            ], "target", "environment: tools: step 'fill' calls 'curl'; list it"),
        Mistake(
            "a probe with the network",
            [
                (
                    #""kind":"host","#,
                    #""kind":"host","probe":{"name":"probe","phase":"bootstrap","network":true,"script":"echo os-version=1\\n"},"#
                )
            ], "target", "probe: network: a probe runs without"),
        // System packages
        Mistake(
            "a name mapped to nothing",
            inC: [
                (
                    "add(&packages, passed ? ",
                    #"if (size == 3 && passed) { add(&packages, "\",\"status\":\"mapped\",\"packages\":[]}"); at = end + 1; continue; } add(&packages, passed ? "#
                )
            ], "system-packages", "packages: 'gmp' is mapped to no package; name one"),
        Mistake(
            "a package that no script installs",
            inC: [("append(&script, name, size);", #"append(&script, size == 8 ? "package-" : name, size);"#)],
            "system-packages", "'autoconf' is to be installed, but no script names it; add it"),
        // Scripts
        Mistake(script: "[[ -d /var ]] || exit 1", "'[['", "use '[ … ]'"),
        Mistake(script: "source /etc/profile || true", "'source'", "use '. FILE'"),
        Mistake(script: "ls &> /dev/null", "'&>'", "use '>FILE 2>&1'"),
        Mistake(script: "echo -e 'a'", "'echo -e'", "use 'printf'"),
        Mistake(script: "printf $'a\\n'", "'$''", "use 'printf'"),
        Mistake(script: "x=abc; echo \"${x/a/b}\"", "'${x/a/b}'", "use 'sed'"),
        Mistake(script: "cat <<< word", "'<<<'", "here-document"),
        Mistake(script: "diff <(ls) <(ls)", "'<('", "use a pipe"),
        Mistake(script: "words=(a b)", "'=('", "use 'set --'"),
        Mistake(script: "function f { :; }", "'function'", "write 'NAME() {'"),
        Mistake(script: "set -o pipefail", "'set pipefail'", "check each command"),
        Mistake(script: "if true; then declare x=1; fi", "'declare'", "assign without it"),
        // Patterns
        Mistake(
            "an expression that is none", [Self.pattern(#"a("#, "s", ("a", "s"))], "patterns",
            "'p': 'a(' is not a regular expression", "expected one of the subset"),
        Mistake(
            "an expression that does not match its example", [Self.pattern("abc", "s", ("abd", "s"))], "patterns",
            "'p' on 'abd': no match; correct 'expression' or the example"),
        Mistake(
            "another signature than the example's", [Self.pattern("a(.)c", "found *", ("abc", "abd"))], "patterns",
            "'p' on 'abc': expected 'abd', found 'abc'"),
        Mistake(
            "a group that is not there", [Self.pattern("abc", "found $1", ("abc", "abc"))], "patterns",
            "there is no group $1 in the expression"),
        Mistake(
            "an expression that every line matches", [Self.pattern("a*", "s", ("a", "s"))], "patterns",
            "matches an empty line", "make it longer"),
        Mistake(
            "a pattern without an example",
            [
                (
                    #"{"patterns":[]}"#,
                    #"{"patterns":[{"name":"p","kind":"unknown","expression":"abc","class":"s","examples":[]}]}"#
                )
            ],
            "patterns", "'p' has no example"),
        // What depends on more than the request
        Mistake(
            "an answer with the time",
            inC: [(#"status = give(CISO_PLUGIN_ANSWERED, patterns, answer, answer_size);"#, Self.clock)],
            "determinism", "equal requests, but different bytes", "not on a clock"),
    ]

    private static func pattern(_ expression: String, _ failureClass: String, _ example: (String, String)) -> (
        String, String
    ) {
        (
            #"{"patterns":[]}"#,
            #"{"patterns":[{"name":"p","kind":"unknown","expression":"\#(expression)","class":"\#(failureClass)","#
                + #""examples":[{"line":"\#(example.0)","signature":"\#(example.1)"}]}]}"#
        )
    }

    private static let clock = #"""
        {
                extern long time(long *);
                char text[200];
                snprintf(text, sizeof text, "{\"patterns\":[{\"name\":\"p\",\"kind\":\"unknown\",\"expression\":\"abc\",\"class\":\"%ld\",\"examples\":[{\"line\":\"abc\",\"signature\":\"%ld\"}]}]}", time(0), time(0));
                status = give(CISO_PLUGIN_ANSWERED, text, answer, answer_size);
            }
        """#

    @Test func theExampleItselfConforms() async throws {
        let directory = try TemporaryDirectory()
        let report = await Conformance.check(try Self.plugin(in: directory, []))
        #expect(report.isConforming, "\(report.checks)")
    }

    @Test(arguments: mistakes) func isFound(mistake: Mistake) async throws {
        let directory = try TemporaryDirectory()
        let report = await Conformance.check(try Self.plugin(in: directory, mistake.changes))
        #expect(!report.isConforming)
        let problems = report.checks.flatMap { check -> [String] in
            guard case .failed(let problems) = check.status, check.name == mistake.check else { return [] }
            return problems
        }
        let text = problems.joined(separator: "\n")
        for words in mistake.words { #expect(text.contains(words), "\(words) in: \(report.checks)") }
    }

    private static func plugin(in directory: TemporaryDirectory, _ changes: [(String, String)]) throws -> PluginFile {
        try #require(PluginFile(path: try ExamplePlugin.build(in: directory.path, changing: changes)))
    }
}
