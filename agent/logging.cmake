# Apart from the agent, so that tests and benchmarks can log without it.
add_library(pgmirror_logging STATIC redaction.cpp log_line.cpp logging.cpp)
target_link_libraries(pgmirror_logging PUBLIC pgmirror_options spdlog::spdlog PRIVATE nlohmann_json::nlohmann_json)
