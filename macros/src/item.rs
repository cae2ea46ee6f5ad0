//! A function as it is parsed.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream, Parser};
use syn::{AttrStyle, Attribute, Result, Signature, Token, Visibility};

/// A function. Its body is not parsed: that would take time, and the compiler's own message about a wrong body is
/// better.
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    pub(crate) body: Option<Body>,
}

/// The braces of a function and their contents.
pub(crate) struct Body(Group);

impl Function {
    /// Whether a function is next in `input`.
    pub(crate) fn peek(input: ParseStream<'_>) -> bool {
        let ahead = input.fork();
        if Attribute::parse_outer(&ahead).is_err() || Visibility::parse(&ahead).is_err() {
            return false;
        }
        while ahead.peek(Token![const]) || ahead.peek(Token![async]) || ahead.peek(Token![unsafe]) {
            let _ =
                ahead.step(|cursor| Ok(((), cursor.token_tree().map_or(*cursor, |next| next.1))));
        }
        if ahead.peek(Token![extern]) && ahead.parse::<syn::Abi>().is_err() {
            return false;
        }
        ahead.peek(Token![fn])
    }

    pub(crate) fn is_async(&self) -> bool {
        self.sig.asyncness.is_some()
    }

    /// Parses everything before the body.
    pub(crate) fn parse_head(input: ParseStream<'_>) -> Result<Function> {
        let attrs = Attribute::parse_outer(input)?;
        Ok(Function { attrs, vis: input.parse()?, sig: input.parse()?, body: None })
    }

    pub(crate) fn with_body(mut self, braces: Group) -> Result<Function> {
        let mut body = Body(braces);
        self.attrs.extend(body.take_attributes()?);
        self.body = Some(body);
        Ok(self)
    }
}

impl Body {
    /// Makes a body that fits any return type.
    pub(crate) fn endless() -> Body {
        Body(Group::new(Delimiter::Brace, quote!(loop {})))
    }

    pub(crate) fn empty() -> Body {
        Body(Group::new(Delimiter::Brace, TokenStream::new()))
    }

    /// Whether the body contains no semicolon, so that it may be a single expression.
    pub(crate) fn may_be_one_expression(&self) -> bool {
        let is_semicolon = |token| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ';');
        !self.0.stream().into_iter().any(is_semicolon)
    }

    /// Removes the attributes from the braces. The braces become a block, which cannot have inner attributes.
    fn take_attributes(&mut self) -> Result<Vec<Attribute>> {
        let first = self.0.stream().into_iter().next();
        if !matches!(first, Some(TokenTree::Punct(first)) if first.as_char() == '#') {
            return Ok(Vec::new());
        }
        let parse = |input: ParseStream<'_>| Ok((Attribute::parse_inner(input)?, input.parse()?));
        let (inner, statements): (_, TokenStream) = parse.parse2(self.0.stream())?;
        let mut group = Group::new(Delimiter::Brace, statements);
        group.set_span(self.0.span());
        self.0 = group;
        let outer = |attr| Attribute { style: AttrStyle::Outer, ..attr };
        Ok(inner.into_iter().map(outer).collect())
    }
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> Result<Function> {
        let function = Function::parse_head(input)?;
        if input.parse::<Option<Token![;]>>()?.is_some() {
            return Ok(function);
        }
        let body =
            braces(&input.parse()?).ok_or_else(|| input.error("expected a body in braces"))?;
        function.with_body(body)
    }
}

/// Returns the braces if the token is a group in braces. Those of a `$body:block` are within an invisible group.
pub(crate) fn braces(token: &TokenTree) -> Option<Group> {
    match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Some(group.clone()),
        TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
            braces(&group.stream().into_iter().last()?)
        }
        _ => None,
    }
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Function { attrs, vis, sig, body } = self;
        tokens.extend(quote!(#(#attrs)* #vis #sig));
        match body {
            Some(body) => body.to_tokens(tokens),
            None => tokens.extend(quote!(;)),
        }
    }
}

impl ToTokens for Body {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.0.to_tokens(tokens);
    }
}
