-- The lines of the file that a variable names, as a list.
return function(variable)
  local lines = {}
  for line in io.lines(os.getenv(variable)) do
    lines[#lines + 1] = line
  end
  return lines
end
