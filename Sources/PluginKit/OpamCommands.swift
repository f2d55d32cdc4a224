public import PluginMessages

/// The steps of packages whose commands run in the same way on every POSIX system.
public enum OpamCommands {
    /// One step per command, in the order of the opam file, run in the source directory by the build user.
    ///
    /// Configuration commands (`./configure …`, `ocaml setup.ml -configure`) have the phase configure, so that their
    /// failures are reported as such.
    public static func steps(for request: StepsRequest) -> [Step] {
        steps(request.build, .build, request) + steps(request.test, .test, request)
            + steps(request.install, .install, request) + steps(request.remove, .remove, request)
    }

    private static func steps(_ commands: [[String]], _ phase: Step.Phase, _ request: StepsRequest) -> [Step] {
        let commands = commands.filter { !$0.isEmpty }
        return commands.enumerated().map { number, command in
            Step(
                commands.count == 1 ? phase.rawValue : "\(phase.rawValue)-\(number + 1)",
                phase: phase == .build && configures(command) ? .configure : phase,
                script: "exec \(shellQuoted(command))\n",
                directory: request.sourceDirectory, environment: request.environment,
                cacheable: phase != .test)
        }
    }

    private static func configures(_ command: [String]) -> Bool {
        let program = command[0].split(separator: "/").last ?? ""
        return program == "configure" || command.dropFirst().contains("-configure")
            || command.dropFirst().contains("configure") || command.dropFirst().contains("./configure")
    }
}
