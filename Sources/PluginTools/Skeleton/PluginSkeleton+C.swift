internal import Core
internal import Foundation
internal import ShellQuoting

extension PluginSkeleton {
    var buildScript: String {
        """
        #!/bin/sh
        cd "$(dirname "$0")" &&
        ${CC:-cc} -std=c11 -Wall -Wextra -shared -fPIC \\
            -I \(ShellWord.quoted("\(ciso)/Sources/PluginABI/include")) -o libCiso\(name).so \(pluginName).c

        """
    }

    /// The example in C of ciso's sources, under another name.
    ///
    /// - Throws: `Failure` if it does not exist.
    func cSource() throws -> String {
        let path = "\(ciso)/Plugins/Examples/minimal.c"
        guard let example = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw Failure(.input, "\(path): there is no such file", hint: "--ciso is the directory of ciso's sources")
        }
        var code = String(example.drop { $0 != "#" })
        if kind == .root { code = try withRootTarget(code, of: path) }
        return "/* A plugin of ciso for \(name). */\n"
            + code.replacing("#define NAME \"minimal\"", with: "#define NAME \"\(pluginName)\"")
    }

    /// The example with the declaration of its host replaced by that of a root file system.
    private func withRootTarget(_ code: String, of path: String) throws -> String {
        guard let start = code.firstRange(of: "static const char target[] ="),
            let end = code[start.upperBound...].firstRange(of: "static const char patterns[]")
        else {
            throw Failure(
                .input, "\(path): expected the declarations of 'target' and 'patterns', found others",
                hint: "--ciso is the directory of the sources that this program was built from")
        }
        return code[..<start.lowerBound] + rootTargetInC + "\n" + code[end.lowerBound...]
    }
}
